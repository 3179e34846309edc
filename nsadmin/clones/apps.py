"""Django app configuration."""

from django.apps import AppConfig


class ClonesConfig(AppConfig):
    name = "nsadmin.clones"
    label = "clones"

    def ready(self) -> None:
        """Import `job`, which registers the job kind `clone`."""
        from nsadmin.clones import job  # noqa: F401
