"""Django's registration of this room."""

from django.apps import AppConfig


class HealthConfig(AppConfig):
    """The room `health`."""

    name = "nsadmin.health"
    label = "health"
