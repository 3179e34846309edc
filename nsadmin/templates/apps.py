"""Django's registration of this room."""

from django.apps import AppConfig


class TemplatesConfig(AppConfig):
    """The room `templates`."""

    name = "nsadmin.templates"
    label = "templates"
