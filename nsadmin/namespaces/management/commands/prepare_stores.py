"""`manage.py prepare_stores`: indexes of the namespace store, then a full reconcile."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from nsadmin.errors import NsadminError
from nsadmin.namespaces.mirror import comparison
from nsadmin.stores.mongo import indexes


class Command(BaseCommand):
    """Prepares the namespace store and the mirror; safe to repeat."""

    help = "Create the indexes in MongoDB and compare the mirror with it."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Create missing indexes, reconcile the mirror, print how many rows changed."""
        try:
            indexes.ensure()
            changed = comparison.reconcile(is_whole=True)
        except NsadminError as failure:
            raise CommandError(failure.message) from None
        self.stdout.write(f"Indexes exist; {changed} rows of the mirror changed.")
