"""`manage.py audit verify`."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from nsadmin.audit.verify import Verdict, organizations, record_check, verify

_NOTED = re.compile(r"(\S*) entries=(\d+) head=([0-9a-f]{64})")


class Command(BaseCommand):
    """Checks that the audit is as it was written."""

    help = (
        "Check the audit's hash chains. Exit status: 0 intact, 1 broken, 2 it could "
        "not be checked. What it prints can be kept elsewhere and given to --against, "
        "which notices even an end that was cut off."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the one verb and its options."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        check = verbs.add_parser("verify", help="check the hash chains")
        check.add_argument("--organization", metavar="ID", help="only this one")
        check.add_argument("--against", metavar="FILE", help="an earlier output")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Print a line for each organization; the first broken row of each is named."""
        known, chosen = organizations(), options["organization"]
        noted = self._noted(options["against"])
        if chosen is not None and chosen not in known:
            raise CommandError(f"{chosen} has no audit.", returncode=2)
        wanted = [chosen] if chosen is not None else sorted({*known, *noted})
        verdicts = [verify(one, noted.get(one)) for one in wanted]
        if chosen is None:
            record_check(verdicts)
        for verdict in verdicts:
            self._tell(verdict)
        if any(verdict.faults for verdict in verdicts):
            sys.exit(1)

    def _tell(self, verdict: Verdict) -> None:
        name = verdict.organization_id
        if not verdict.faults:
            self.stdout.write(f"{name} entries={verdict.count} head={verdict.head}")
            return
        first = verdict.faults[0]
        self.stderr.write(
            f"{name} broken at entry {first.number} {first.op_id}: {first.sentence} "
            f"({len(verdict.faults)} in all)"
        )

    def _noted(self, path: str | None) -> Mapping[str, dict[int, str]]:
        if path is None:
            return {}
        try:
            lines = Path(path).read_text().splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = f"{path} cannot be read: {type(error).__name__}."
            raise CommandError(reason, returncode=2) from None
        found = [m.groups() for line in lines if (m := _NOTED.fullmatch(line))]
        if not found:
            raise CommandError(f"{path} holds no earlier output.", returncode=2)
        return {name: {int(number): head} for name, number, head in found}
