"""`manage.py refresh_demo`: what a start of the demo makes true of this moment."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from nsadmin.embedded.seed.write.usage import write_usage
from nsadmin.namespaces.read import mirror


class Command(BaseCommand):
    """List the demo's namespaces, and count its filters up to this hour."""

    help = (
        "List the namespaces and count filters up to this hour; run by manage.py demo."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Compare the mirror, so that lists are whole; count what was not counted."""
        mirror.reconcile()
        write_usage(timezone.now())
