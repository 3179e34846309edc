"""Django's registration of this room."""

from django.apps import AppConfig


class NamespacesConfig(AppConfig):
    """The room `namespaces`."""

    name = "nsadmin.namespaces"
    label = "namespaces"

    def ready(self) -> None:
        """Register the deletion job, and the slots of each organization."""
        from nsadmin.jobs.registry import register_slots
        from nsadmin.namespaces.change import quota
        from nsadmin.namespaces.lifecycle import deletion_job  # noqa: F401

        register_slots(quota.job_slots)
