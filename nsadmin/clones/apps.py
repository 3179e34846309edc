"""Django's registration of this room."""

from django.apps import AppConfig


class ClonesConfig(AppConfig):
    """The room `clones`."""

    name = "nsadmin.clones"
    label = "clones"
