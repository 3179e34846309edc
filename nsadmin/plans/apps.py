"""Django app configuration."""

from django.apps import AppConfig


class PlansConfig(AppConfig):
    name = "nsadmin.plans"
    label = "plans"

    def ready(self) -> None:
        """Register the plans that may be deleted, and those that wait for a person."""
        from nsadmin.health import frame
        from nsadmin.plans import finding, old_rows

        old_rows.register()
        frame.register_waiting(finding.guarded)
