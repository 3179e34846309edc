"""Django's registration of this room."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """The room `access`."""

    name = "nsadmin.access"
    label = "access"
