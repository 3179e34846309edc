"""Events days before namespaces expire, so that people can extend them in time."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from nsadmin.access.organization.suspension import suspended_tenants
from nsadmin.jobs.schedules import turn
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.notifications import kinds, outbox
from nsadmin.notifications.outbox import News

# The days before the end at which a warning is given.
_DAYS: Final = (1, 7)
_AT_ONCE: Final = 500


def write(now: datetime) -> int:
    """Write the events that are due by the mirror, each once; return their number.

    Protected and system namespaces are left out: they are not deleted.
    """
    rows = MirroredNamespace.objects.filter(
        expires_at__gt=now,
        expires_at__lte=now + timedelta(days=max(_DAYS)),
        scope="org",
        is_protected=False,
        deleted_at=None,
        deletion_task_id="",
    ).exclude(internal_id__in=suspended_tenants())
    rows = rows.only("namespace_id", "name", "organization_id", "expires_at")
    due = _news(rows.order_by("expires_at").iterator(chunk_size=_AT_ONCE), now)
    count = 0
    while not turn.is_over() and (some := list(islice(due, _AT_ONCE))):
        outbox.write(some)
        count += len(some)
    return count


def _news(rows: Iterable[MirroredNamespace], now: datetime) -> Iterator[News]:
    for row in rows:
        end = row.expires_at
        if end is None:
            continue
        days = next(days for days in _DAYS if end <= now + timedelta(days=days))
        yield News(
            kind=kinds.EXPIRING,
            key=f"expiry:{row.namespace_id}:{end:%Y%m%d%H%M}:{days}",
            organization_id=row.organization_id,
            facts={
                "namespace_id": row.namespace_id,
                "namespace_name": row.name,
                "expires_at": end.isoformat(),
                "days": days,
            },
        )
