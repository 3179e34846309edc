"""Django's registration of this room."""

from django.apps import AppConfig


class ClonesConfig(AppConfig):
    """The room `clones`."""

    name = "nsadmin.clones"
    label = "clones"

    def ready(self) -> None:
        """Import for the side effect: the kind of job registers."""
        from nsadmin.clones import job  # noqa: F401
