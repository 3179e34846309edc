"""`manage.py backup make|restore DIR`."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from nsadmin.backups import service
from nsadmin.errors import NsadminError


class Command(BaseCommand):
    """Makes and restores backups of nsadmin's own state."""

    help = (
        "Back up the SQL database into a new folder, or fill an empty database from "
        "one. MongoDB and Qdrant are not part of it. Exit status: 0 done, 1 not."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the verbs `make` and `restore`."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        make = verbs.add_parser("make", help="write a backup")
        make.add_argument("folder", metavar="DIR", help="a new folder")
        make.add_argument(
            "--secrets",
            metavar="FILE",
            help="also write the three secrets, to be kept apart from the backup",
        )
        restore = verbs.add_parser("restore", help="fill an empty database")
        restore.add_argument("folder", metavar="DIR", help="the folder of a backup")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Do it and print one line."""
        try:
            if options["verb"] == "make":
                self._make(options)
            else:
                self._restore(options)
        except NsadminError as error:
            raise CommandError(error.message) from None
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}.") from None

    def _make(self, options: dict[str, Any]) -> None:
        secrets = options["secrets"]
        folder = Path(options["folder"])
        made = service.make(folder, Path(secrets) if secrets else None)
        self.stdout.write(f"{folder / made.file} bytes={made.bytes} {made.sha256}")

    def _restore(self, options: dict[str, Any]) -> None:
        found = service.restore(Path(options["folder"]))
        self.stdout.write(
            f"Restored the state of {found.made_at}, version {found.version}. Run "
            "`migrate` before the first process starts."
        )
        broken = service.broken_chains(found)
        for organization_id in broken:
            self.stderr.write(f"{organization_id}: the audit does not verify.")
        if broken:
            sys.exit(1)
