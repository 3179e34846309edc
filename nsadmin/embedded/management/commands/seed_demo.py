"""`manage.py seed_demo`: the demo's data, run by `manage.py demo` as its child."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from nsadmin.embedded.datadir import write_private
from nsadmin.embedded.seed import seed
from nsadmin.embedded.seeding import MARK


class Command(BaseCommand):
    """Fill the configured stores with demo data."""

    help = "Fill the configured stores with demo data; run by manage.py demo."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--result", type=Path, required=True, help="the file for logins and keys"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Seed, print the progress, and write logins and keys to the result file."""
        result = seed(self.tell)
        content = {
            "logins": result.logins,
            "api_keys": result.api_keys,
            "namespaces": result.namespaces,
        }
        write_private(options["result"], content)

    def tell(self, sentence: str) -> None:
        """Print a progress line; the demo reads this output."""
        self.stdout.write(f"{MARK}{sentence}")
        self.stdout.flush()
