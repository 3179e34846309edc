"""`manage.py reprocess_key NAME`: the API key of a worker of the platform."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from nsadmin import names
from nsadmin.access.keys.keys import create_key
from nsadmin.access.models import NAME_MAX, Organization
from nsadmin.access.organization.organizations import command_actor
from nsadmin.access.permissions import WORKER_SCOPE, Role
from nsadmin.audit import record
from nsadmin.errors import Invalid


class Command(BaseCommand):
    """Makes a key that can claim requests to process again, and nothing else."""

    help = "Create the API key of a worker that processes collections again."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the name of the key."""
        parser.add_argument("name", help="the worker that uses the key")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Create the key and write it once to standard output."""
        operator = Organization.objects.filter(is_operator=True).first()
        if operator is None:
            raise CommandError("There is no operator organization yet.")
        try:
            name = names.clean(options["name"], at="name", longest=NAME_MAX)
        except Invalid as error:
            raise CommandError(error.message) from None
        with transaction.atomic():
            row, plaintext = create_key(
                operator, name=name, role=Role.PLATFORM_ADMIN, scopes=[WORKER_SCOPE]
            )
            record.record(
                action="key:create",
                summary=f"Create the API key “{row.name}” of a worker of the platform.",
                actor=command_actor(operator, "reprocess_key"),
                organization_id=operator.organization_id,
            )
        self.stdout.write(plaintext)
