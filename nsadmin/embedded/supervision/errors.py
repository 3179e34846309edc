"""The one error of the demo: it cannot start, and a person must do something."""


class StartError(RuntimeError):
    """The demo cannot start. The message is one clear sentence for a person."""
