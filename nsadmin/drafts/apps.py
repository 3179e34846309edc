"""Django app configuration."""

from django.apps import AppConfig


class DraftsConfig(AppConfig):
    name = "nsadmin.drafts"
    label = "drafts"

    def ready(self) -> None:
        """Register the rows that may be deleted."""
        from nsadmin.drafts import service

        service.register()
