"""`manage.py staff add|remove EMAIL --role support|platform_admin`."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.urls import reverse

from nsadmin.access.mails.account import reset_key
from nsadmin.access.models import User
from nsadmin.access.organization import staff
from nsadmin.access.permissions import PLATFORM_ROLES, Role
from nsadmin.errors import NsadminError


class Command(BaseCommand):
    """Gives and takes the roles of the people who run the platform."""

    help = "Give a person a platform role, or take it away."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the two verbs."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        roles = [role.value for role in PLATFORM_ROLES]
        add = verbs.add_parser("add", help="create the account, or promote it")
        remove = verbs.add_parser("remove", help="take the role away")
        for verb in (add, remove):
            verb.add_argument("email")
            verb.add_argument("--role", required=True, choices=roles)
        remove.add_argument(
            "--even-last",
            action="store_true",
            help="also the last platform admin, whom only this command can replace",
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Change the role; print what it means, and a link to set the password."""
        email, role = options["email"].lower(), Role(options["role"])
        try:
            validate_email(email)
            if options["verb"] == "add":
                self._add(email, role)
            else:
                self._remove(email, role, even_last=options["even_last"])
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        except NsadminError as error:
            raise CommandError(error.message) from None

    def _add(self, email: str, role: Role) -> None:
        added = staff.add(email, role)
        if added.before == role:
            self.stdout.write(f"{email} is {role} already.")
        elif added.before:
            self.stdout.write(f"{email} is {role} now, no longer {added.before}.")
        else:
            self.stdout.write(f"{email} is {role} now.")
        if added.needs_password:
            self.stdout.write(_link_words(added.user))

    def _remove(self, email: str, role: Role, *, even_last: bool) -> None:
        staff.remove(email, role, even_last=even_last)
        self.stdout.write(
            f"{email} is no longer {role}. Their sessions, support sessions and keys "
            "have ended; the account stays."
        )


def _link_words(user: User) -> str:
    uid, _, key = reset_key(user).partition("-")
    path = reverse("account_reset_password_from_key", args=[uid, key])
    hours = settings.PASSWORD_RESET_TIMEOUT // 3600
    return (
        "They have no password yet. Send them this link, after the address of this "
        f"server; it sets the password. It works once, for {hours} hours.\n{path}"
    )
