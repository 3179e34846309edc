"""Django's registration of this room."""

from django.apps import AppConfig


class ReprocessingConfig(AppConfig):
    """The room `reprocessing`."""

    name = "nsadmin.reprocessing"
    label = "reprocessing"

    def ready(self) -> None:
        """Register the requests that are kept no longer."""
        from nsadmin.jobs import trimming
        from nsadmin.reprocessing import reading

        trimming.register("reprocess_requests", reading.old_requests)
