"""Django's registration of this room."""

from django.apps import AppConfig


class NamespacesConfig(AppConfig):
    """The room `namespaces`."""

    name = "nsadmin.namespaces"
    label = "namespaces"
