"""Django app configuration."""

from django.apps import AppConfig


class MovesConfig(AppConfig):
    name = "nsadmin.moves"
    label = "moves"

    def ready(self) -> None:
        """Import `job`, which registers the job kind `move`."""
        from nsadmin.moves import job  # noqa: F401
