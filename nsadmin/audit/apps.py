"""Django's registration of this room."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AuditConfig(AppConfig):
    """The room `audit`."""

    name = "nsadmin.audit"
    label = "audit"

    def ready(self) -> None:
        """Install the triggers after every migration."""
        from nsadmin.audit.triggers import install

        post_migrate.connect(install, sender=self, dispatch_uid="audit_keeping")
