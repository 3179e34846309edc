"""Django app configuration."""

from django.apps import AppConfig


class TemplatesConfig(AppConfig):
    name = "nsadmin.templates"
    label = "templates"
