"""`manage.py demo`: everything on a machine that has nothing."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from nsadmin.embedded.demo import Demo
from nsadmin.embedded.supervision.errors import StartError


class Command(BaseCommand):
    """Start the embedded servers, demo data, web, workers and beat."""

    help = "Start nsadmin with embedded servers and demo data, and keep it running."
    # The settings of this process know no server yet; those of its children do.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--port", type=int, default=8000, help="where the pages are served"
        )
        parser.add_argument(
            "--data-dir",
            type=Path,
            default=Path(".demo"),
            help="the directory kept from one start to the next",
        )
        parser.add_argument(
            "--mfa",
            action="store_true",
            help="give each login without an authenticator app one, whose secret "
            "is in demo.json",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run until Ctrl-C or a signal."""
        try:
            demo = Demo(
                port=options["port"],
                data=options["data_dir"],
                say=self.say,
                mfa=options["mfa"],
            )
            asyncio.run(demo.run())
        except StartError as error:
            raise CommandError(str(error)) from None

    def say(self, line: str) -> None:
        """Print a line at once; a closed output does not stop the demo."""
        with contextlib.suppress(OSError):
            self.stdout.write(line)
            self.stdout.flush()
