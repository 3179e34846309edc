"""`manage.py seal rotate`."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from nsadmin.access.signin.resealing import reseal_factors
from nsadmin.errors import Unavailable
from nsadmin.mail import outbox
from nsadmin.namespaces.change.key_rotation import rotate


class Command(BaseCommand):
    """Rotates the seal key of stored keys; safe to repeat and to interrupt."""

    help = (
        "Reseal every stored key, every secret of a second factor and every waiting "
        "mail with the first key of NSADMIN_SEAL_KEYS. Exit status: 0 if all are "
        "sealed with it, 1 if some are not."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the verb `rotate` and its option."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        again = verbs.add_parser("rotate", help="reseal stored keys")
        again.add_argument(
            "--limit", type=int, metavar="N", help="reseal at most N keys"
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Rotate and print the counts."""
        limit = options["limit"]
        try:
            done = rotate(limit=limit)
        except Unavailable as failure:
            raise CommandError(failure.message) from None
        self.stdout.write(
            f"rotated={done.rotated} current={done.current} "
            f"unreadable={done.unreadable} moved={done.moved}"
        )
        factors = reseal_factors()
        if not factors.is_none:
            self.stdout.write(
                f"second factors: rotated={factors.rotated} current={factors.current} "
                f"unreadable={factors.unreadable}"
            )
        unreadable_mails = outbox.reseal()
        if unreadable_mails:
            self.stdout.write(f"waiting mails: unreadable={unreadable_mails}")
        if factors.unreadable or unreadable_mails:
            sys.exit(1)
        if not done.is_complete or (limit is not None and done.rotated >= limit):
            sys.exit(1)
