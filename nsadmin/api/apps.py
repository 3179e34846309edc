"""Django's registration of this room."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The room `api`."""

    name = "nsadmin.api"
    label = "api"
