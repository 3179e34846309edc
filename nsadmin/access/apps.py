"""Django's registration of this room."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """The room `access`."""

    name = "nsadmin.access"
    label = "access"

    def ready(self) -> None:
        """Connect what listens to allauth's signals; register a check and the rest."""
        from nsadmin.access.mails import members  # noqa: F401
        from nsadmin.access.signin import (  # noqa: F401
            audit,
            demo_logins,
            ends,
            passwords,
            requirement,
        )
        from nsadmin.access.web import known_places, mail_adapter  # noqa: F401
        from nsadmin.jobs import trimming

        trimming.register("sign-in places", known_places.forgotten_places)
