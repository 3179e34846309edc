"""Django's registration of this room."""

from django.apps import AppConfig


class MailConfig(AppConfig):
    """The room `mail`."""

    name = "nsadmin.mail"
    label = "mail"

    def ready(self) -> None:
        """Register the system checks, and the mails that are kept no longer."""
        from nsadmin.jobs import trimming
        from nsadmin.mail import checks, outbox  # noqa: F401

        trimming.register("mails", outbox.old_mails)
