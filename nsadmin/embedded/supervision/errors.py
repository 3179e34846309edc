"""The error of a demo that cannot start."""


class StartError(RuntimeError):
    """The demo cannot start; the message is one sentence with the remedy."""
