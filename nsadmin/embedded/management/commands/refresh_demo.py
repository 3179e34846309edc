"""`manage.py refresh_demo`: bring mirror, looks and filter counts up to the present."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from nsadmin.embedded.seed.write.retry import retry_while_unavailable
from nsadmin.embedded.seed.write.usage import write_usage
from nsadmin.health.sampling import sampler
from nsadmin.namespaces.mirror import comparison


class Command(BaseCommand):
    """List the demo's namespaces, look at them, count filters up to this hour."""

    help = (
        "List the namespaces and count filters up to this hour; run by manage.py demo."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Reconcile the mirror, look at all, and add missing filter counts."""
        # With very many namespaces all processes that start now ask the store at once.
        retry_while_unavailable(comparison.reconcile, self.stdout.write)
        sampler.sample()
        write_usage(timezone.now())
