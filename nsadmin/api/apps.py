"""Django's registration of this room."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The room `api`."""

    name = "nsadmin.api"
    label = "api"

    def ready(self) -> None:
        """Register the answers that are kept no longer."""
        from nsadmin.api.http import idempotency
        from nsadmin.jobs import trimming

        trimming.register("kept_answers", idempotency.expired_answers)
