"""Django's registration of this room."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """The room `access`."""

    name = "nsadmin.access"
    label = "access"

    def ready(self) -> None:
        """Connect what listens to allauth's signals."""
        from nsadmin.access.signin import audit, ends, requirement  # noqa: F401
