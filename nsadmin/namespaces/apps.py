"""Django's registration of this room."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class NamespacesConfig(AppConfig):
    """The room `namespaces`."""

    name = "nsadmin.namespaces"
    label = "namespaces"

    def ready(self) -> None:
        """Register the deletion job, slots, pauses, triggers and old rows."""
        from nsadmin.access.organization.suspension import is_suspended
        from nsadmin.jobs.registry import (
            register_pause,
            register_queue_limit,
            register_slots,
        )
        from nsadmin.jobs.trimming import register as register_old_rows
        from nsadmin.namespaces.change import quota, recovery
        from nsadmin.namespaces.lifecycle import deletion_job  # noqa: F401
        from nsadmin.namespaces.listing.counting import triggers

        register_slots(quota.job_slots)
        pre_migrate.connect(triggers.remove, sender=self, dispatch_uid="list_triggers")
        post_migrate.connect(triggers.install, sender=self, dispatch_uid="list_counts")
        register_queue_limit(quota.queued_jobs)
        register_pause(is_suspended)
        register_old_rows("healing_turns", recovery.forgotten_turns)
