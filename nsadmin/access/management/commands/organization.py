"""`manage.py organization create NAME --plan … --admin EMAIL`."""

import getpass
import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse

from nsadmin.access.models import Organization, Plan, User
from nsadmin.access.organization import invitations
from nsadmin.access.organization.organizations import (
    acting_for,
    create_organization,
    make_first_admin,
)
from nsadmin.access.permissions import Role
from nsadmin.errors import Invalid


class Command(BaseCommand):
    """Makes organizations; there is no page for it."""

    help = "Make an organization with its first admin."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the one verb and its options."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="make an organization")
        create.add_argument("name")
        create.add_argument("--plan", choices=Plan.values, default=Plan.FREE.value)
        create.add_argument("--admin", required=True, metavar="EMAIL")
        create.add_argument(
            "--password-stdin",
            action="store_true",
            help="read the new admin's password from standard input",
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Ask for a new admin's password, then make both; who is known is invited."""
        email = options["admin"].lower()
        try:
            validate_email(email)
            is_known = User.objects.filter(email=email).exists()
            password = "" if is_known else self._password(email, options)
            with transaction.atomic():
                made = create_organization(options["name"], plan=options["plan"])
                if is_known:
                    how = _invite(made, email)
                else:
                    make_first_admin(made, email, password)
                    how = f"admin {email}"
        except ValidationError as fault:
            raise CommandError(" ".join(fault.messages)) from None
        except Invalid as fault:
            raise CommandError(fault.message) from None
        self.stdout.write(f"{made.organization_id} {made.name}, {how}")

    def _password(self, email: str, options: dict[str, Any]) -> str:
        if options["password_stdin"]:
            password = sys.stdin.readline().rstrip("\n")
        else:
            try:
                password = getpass.getpass(f"Password for {email}: ")
            except EOFError:
                raise CommandError(
                    "There is no terminal to ask for a password: use --password-stdin."
                ) from None
        validate_password(password)
        return password


def _invite(organization: Organization, email: str) -> str:
    """Ask an account to join: nobody is made a member by somebody else."""
    actor = acting_for(organization, "organization create")
    asked = invitations.invite(
        actor, organization, None, email=email, name="", role=Role.ADMIN
    )
    link = reverse("join", args=[asked.secret])
    days = invitations.LASTS.days
    return (
        f"nobody yet: {email} has an account. Pass this link on, below the address of "
        f"this server; signed in, they join by it as admin. It works for {days} days.\n"
        f"{link}"
    )
