"""`manage.py organization create NAME --plan … --admin EMAIL`."""

import getpass
import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from nsadmin.access.models import Plan, User
from nsadmin.access.organizations import create_organization
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
        """Ask for a password if the admin is new, then make both."""
        name = options["name"].strip()
        if not 1 <= len(name) <= 100:
            raise CommandError("The name must have 1 to 100 characters.")
        try:
            validate_email(options["admin"])
            password = self._password(options["admin"], options["password_stdin"])
            organization, user = create_organization(
                name,
                plan=options["plan"],
                admin_email=options["admin"],
                password=password,
            )
        except ValidationError as fault:
            raise CommandError(" ".join(fault.messages)) from None
        except Invalid as fault:
            raise CommandError(fault.sentence) from None
        self.stdout.write(
            f"{organization.organization_id} {organization.name}, admin {user.email}"
        )

    def _password(self, email: str, from_stdin: bool) -> str | None:  # noqa: FBT001
        if User.objects.filter(email=email.lower()).exists():
            return None
        if from_stdin:
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
