"""`manage.py pepper rotate`."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from nsadmin.access import pepper_rotation
from nsadmin.stores import peppers

_SHOWN = 20


class Command(BaseCommand):
    """Rotates the pepper; safe to repeat and to interrupt."""

    help = (
        "Continue every audit chain under the first pepper of NSADMIN_KEY_PEPPER, and "
        "count the API keys that still need an older one. Exit status: 0 if no valid "
        "key does, 1 if some do or a chain is broken."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the one verb."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("rotate", help="rotate the pepper")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Rotate; print the counts and the keys that wait for their next use."""
        done = pepper_rotation.rotate()
        for organization_id in done.broken:
            self.stderr.write(
                f"{organization_id}: the audit chain does not verify, so it was left "
                "as it is. See `audit verify`."
            )
        waiting = pepper_rotation.waiting_keys()
        count = waiting.count()
        for key in waiting[:_SHOWN]:
            used = f"{key.last_used_at:%Y-%m-%d}" if key.last_used_at else "never"
            self.stderr.write(f"{key.key_id} {key.organization_id} last used {used}")
        self.stdout.write(
            f"pepper={peppers.names()[0]} anchored={done.anchored} "
            f"current={done.current} broken={len(done.broken)} waiting_keys={count} "
            f"open_invitations={pepper_rotation.open_invitations()}"
        )
        if count or done.broken:
            sys.exit(1)
