"""`manage.py prepare_stores`: the namespace store's indexes, then a whole reconcile."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from nsadmin.errors import Unavailable
from nsadmin.namespaces.read import mirror
from nsadmin.stores.mongo import namespaces, resources


class Command(BaseCommand):
    """Safe to repeat; needs the namespace store to answer."""

    help = "Make the namespace store's indexes and compare the mirror with it."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Make what is missing and say how many rows of the mirror changed."""
        try:
            namespaces.ensure_indexes()
            resources.ensure_indexes()
            changed = mirror.reconcile()
        except Unavailable as failure:
            raise CommandError(failure.message) from None
        self.stdout.write(f"Indexes are there; {changed} rows of the mirror changed.")
