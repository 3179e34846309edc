"""Django app configuration."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "nsadmin.jobs"
    label = "jobs"
