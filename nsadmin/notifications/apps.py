"""Django's registration of this room."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """The room `notifications`."""

    name = "nsadmin.notifications"
    label = "notifications"

    def ready(self) -> None:
        """Listen to jobs and support sessions; register the rows that may go."""
        from nsadmin.access.support import events
        from nsadmin.jobs import registry, trimming
        from nsadmin.notifications import deliveries, sources

        registry.register_end(sources.note_ended_job)
        events.register(sources.note_support)
        trimming.register("notifications", deliveries.old_events)
