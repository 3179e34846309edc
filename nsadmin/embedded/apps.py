"""Django's registration of this room."""

from django.apps import AppConfig


class EmbeddedConfig(AppConfig):
    """The room `embedded`."""

    name = "nsadmin.embedded"
    label = "embedded"
