"""Django's registration of this room."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """The room `jobs`."""

    name = "nsadmin.jobs"
    label = "jobs"
