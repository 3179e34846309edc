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
from nsadmin.access.organization.administration import record_creation
from nsadmin.access.organization.organizations import (
    command_actor,
    create_organization,
    make_first_admin,
)
from nsadmin.access.permissions import Role
from nsadmin.access.site import handing_over
from nsadmin.errors import Invalid

_NAME = "organization create"


class Command(BaseCommand):
    """Creates organizations, as the page of the platform does."""

    help = "Make an organization with its first admin."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the verb `create` and its options."""
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
        """Create the organization and its admin; invite an account that exists."""
        email = options["admin"].lower()
        try:
            validate_email(email)
            is_known = User.objects.filter(email=email).exists()
            password = "" if is_known else self._password(email, options)
            with transaction.atomic():
                made = create_organization(options["name"], plan=options["plan"])
                record_creation(command_actor(made, _NAME), made)
                if is_known:
                    how = _invite(made, email)
                else:
                    make_first_admin(made, email, password)
                    how = f"admin {email}"
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        except Invalid as error:
            raise CommandError(error.message) from None
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
    """Invite an existing account; return the message with the link to pass on."""
    actor = command_actor(organization, _NAME)
    asked = invitations.invite(
        actor, organization, None, email=email, name="", role=Role.ADMIN
    )
    link = reverse("join", args=[asked.secret])
    days = invitations.LIFETIME.days
    then = f"once signed in, they join as admin. It works for {days} days."
    known = f"no admin yet: {email} has an account already."
    return f"{known} {handing_over(link, then)}"
