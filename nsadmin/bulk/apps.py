"""Django app configuration."""

from django.apps import AppConfig


class BulkConfig(AppConfig):
    name = "nsadmin.bulk"
    label = "bulk"

    def ready(self) -> None:
        """Register the rows that may be deleted."""
        from nsadmin.bulk import old_rows

        old_rows.register()
