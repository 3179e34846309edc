"""`manage.py prepare_stores`: indexes of the namespace store, then a full reconcile."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from nsadmin.errors import Unavailable
from nsadmin.namespaces.mirror import comparison
from nsadmin.stores.mongo import namespaces, resources


class Command(BaseCommand):
    """Prepares the namespace store and the mirror; safe to repeat."""

    help = "Create the indexes in MongoDB and compare the mirror with it."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Create missing indexes, reconcile the mirror, print how many rows changed."""
        try:
            namespaces.ensure_indexes()
            resources.ensure_indexes()
            changed = comparison.reconcile(is_whole=True)
        except Unavailable as failure:
            raise CommandError(failure.message) from None
        self.stdout.write(f"Indexes exist; {changed} rows of the mirror changed.")
