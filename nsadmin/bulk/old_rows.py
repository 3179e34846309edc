"""Bulk changes that may be deleted: each plan and each audit row stays by itself."""

from datetime import timedelta
from typing import Final

from django.db.models import QuerySet
from django.utils import timezone

from nsadmin.bulk.models import BulkChange
from nsadmin.jobs import trimming

# Its page can be read for this long after it can no longer be confirmed.
KEPT_FOR: Final = timedelta(days=30)


def register() -> None:
    """Register what the schedule `trim` deletes."""
    trimming.register("bulk changes", old_changes)


def old_changes() -> QuerySet[BulkChange]:
    """Return the changes whose page is no longer needed."""
    return BulkChange.objects.filter(expires_at__lte=timezone.now() - KEPT_FOR)
