"""Django's registration of this room."""

from django.apps import AppConfig


class NamespacesConfig(AppConfig):
    """The room `namespaces`."""

    name = "nsadmin.namespaces"
    label = "namespaces"

    def ready(self) -> None:
        """Import the module that registers the deletion job."""
        from nsadmin.namespaces.lifecycle import deletion_job  # noqa: F401
