"""The app that registers the system checks, and what is collected to be served."""

from django.apps import AppConfig
from django.contrib.staticfiles.apps import StaticFilesConfig


class CollectedFilesConfig(StaticFilesConfig):
    """Leaves out what django-htmx brings for other versions of htmx than ours."""

    ignore_patterns = [  # noqa: RUF012 - Django's own attribute
        *StaticFilesConfig.ignore_patterns,
        "*-4.*",
        "htmx-2.js",
        "ext",
    ]


class ChecksConfig(AppConfig):
    """Registers `nsadmin.checks` once Django is ready."""

    name = "nsadmin"
    label = "nsadmin"
    verbose_name = "nsadmin"

    def ready(self) -> None:
        """Import for the side effects: checks register, `shared_task` finds Celery."""
        from nsadmin import celery, checks  # noqa: F401
