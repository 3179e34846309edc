"""Django's registration of this room."""

from django.apps import AppConfig


class NamespacesConfig(AppConfig):
    """The room `namespaces`."""

    name = "nsadmin.namespaces"
    label = "namespaces"

    def ready(self) -> None:
        """Register the deletion job, the slots of each organization, and its pause."""
        from nsadmin.access.organization.suspension import is_suspended
        from nsadmin.jobs.registry import (
            register_pause,
            register_queue_limit,
            register_slots,
        )
        from nsadmin.namespaces.change import quota
        from nsadmin.namespaces.lifecycle import deletion_job  # noqa: F401

        register_slots(quota.job_slots)
        register_queue_limit(quota.queued_jobs)
        register_pause(is_suspended)
