"""`manage.py demo_apps`: authenticator apps of the demo's logins."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from nsadmin.embedded.datadir import write_private
from nsadmin.embedded.seed.write.apps import give_apps, take_apps


class Command(BaseCommand):
    """Give each login of the demo without an authenticator app one, or take it away."""

    help = "Give logins of the demo authenticator apps; run by demo --mfa."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--off", action="store_true", help="take them away")
        parser.add_argument(
            "--result", type=Path, required=True, help="the file for the secrets"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write {address: secret} to the result file, nothing with --off."""
        if options["off"]:
            take_apps()
        write_private(options["result"], {} if options["off"] else give_apps())
