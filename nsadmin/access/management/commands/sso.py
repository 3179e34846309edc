"""`manage.py sso unbind ADDRESS`: let the next sign-in at a provider bind anew."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from nsadmin.access.models import User
from nsadmin.access.sso import unbinding


class Command(BaseCommand):
    """Manage the bindings of accounts to identities of providers."""

    help = "Manage the bindings of accounts to identities of providers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the actions."""
        actions = parser.add_subparsers(dest="action", required=True)
        unbind = actions.add_parser(
            "unbind", help="Forget an account's identities and end its sessions."
        )
        unbind.add_argument("address", help="the e-mail address of the account")

    def handle(self, *_args: Any, address: str, **_options: Any) -> None:
        """Unbind the account of the address."""
        user = User.objects.filter(email=address.strip().lower()).first()
        if user is None:
            raise CommandError(f"There is no account of {address}.")
        count = unbinding.unbind(user)
        word = "identity" if count == 1 else "identities"
        self.stdout.write(f"{user.email}: {count} {word} forgotten, sessions ended.")
