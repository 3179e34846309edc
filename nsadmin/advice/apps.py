"""Django's registration of this room."""

from django.apps import AppConfig


class AdviceConfig(AppConfig):
    """The room `advice`."""

    name = "nsadmin.advice"
    label = "advice"
