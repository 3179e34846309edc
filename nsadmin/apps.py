"""The app that registers the system checks."""

from django.apps import AppConfig


class ChecksConfig(AppConfig):
    """Registers `nsadmin.checks` once Django is ready."""

    name = "nsadmin"
    label = "nsadmin"
    verbose_name = "nsadmin"

    def ready(self) -> None:
        """Import for the side effects: checks register, `shared_task` finds Celery."""
        from nsadmin import celery, checks  # noqa: F401
