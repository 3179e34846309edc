"""Django app configuration."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "nsadmin.jobs"
    label = "jobs"

    def ready(self) -> None:
        """Register the old rows that the schedule `trim` deletes."""
        from nsadmin.jobs import old_rows

        old_rows.register()
