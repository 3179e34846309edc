"""Django's registration of this room."""

from django.apps import AppConfig


class PagesConfig(AppConfig):
    """The room `pages`."""

    name = "nsadmin.pages"
    label = "pages"
