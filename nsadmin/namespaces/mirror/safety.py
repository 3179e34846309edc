"""The safety net below the follower: comparisons in the background, each when due."""

from django.utils import timezone

from nsadmin.namespaces.mirror import comparison, rolling, state
from nsadmin.namespaces.models import MirrorFill

# A run that comes a little early counts: its schedule is not exact.
_EARLY = 0.9


def run() -> int:
    """Compare a share of all documents whole, and all by their marks where due.

    All are due each minute, or each 10 minutes while a process follows change streams.
    Returns the number of rows that were written or deleted.
    """
    written = comparison.reconcile() if _is_due() else 0
    return written + rolling.compare_share()


def _is_due() -> bool:
    filled_at = MirrorFill.objects.values_list("filled_at", flat=True).first()
    if filled_at is None:
        return True
    is_streamed = state.is_streamed()
    period = state.PERIOD_STREAM if is_streamed else state.PERIOD_CURSOR
    return timezone.now() - filled_at >= _EARLY * period
