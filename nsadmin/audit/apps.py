"""Django's registration of this room."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The room `audit`."""

    name = "nsadmin.audit"
    label = "audit"
