"""Django apps for the system checks and for the static files."""

from django.apps import AppConfig
from django.contrib.staticfiles.apps import StaticFilesConfig


class CollectedFilesConfig(StaticFilesConfig):
    """Leaves out the files of django-htmx for other versions of htmx."""

    ignore_patterns = [  # noqa: RUF012 - Django's own attribute
        *StaticFilesConfig.ignore_patterns,
        "*-4.*",
        "htmx-2.js",
        "ext",
    ]


class ChecksConfig(AppConfig):
    """Registers `nsadmin.checks` once Django is ready; starts traces and reports."""

    name = "nsadmin"
    label = "nsadmin"
    verbose_name = "nsadmin"

    def ready(self) -> None:
        """Import modules that register the checks and the Celery application.

        Traces and error reports start here too, before the middleware is loaded.
        """
        from nsadmin import celery, checks  # noqa: F401
        from nsadmin.observability import extras
        from nsadmin.settings import checks as settings_checks  # noqa: F401

        extras.start()
