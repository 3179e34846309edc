"""Django's registration of this room."""

from django.apps import AppConfig


class BackupsConfig(AppConfig):
    """The room `backups`; it has commands and no rows."""

    name = "nsadmin.backups"
    label = "backups"
