"""Django app configuration."""

from django.apps import AppConfig


class PlansConfig(AppConfig):
    name = "nsadmin.plans"
    label = "plans"

    def ready(self) -> None:
        """Register the plans that may be deleted."""
        from nsadmin.plans import old_rows

        old_rows.register()
