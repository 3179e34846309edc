"""How far the mirror has followed the namespace store, and which process follows it."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import DateTimeField, ExpressionWrapper, Q, Subquery
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now
from django.utils import timezone

from nsadmin.namespaces.models import MirroredNamespace, MirrorFill, MirrorState

PK = 1
# A process leads for so long after its last word; then another one takes over.
LEASE = timedelta(seconds=6)
# Periods of the full comparison: behind a change stream, and without one.
PERIOD_STREAM, PERIOD_CURSOR = timedelta(minutes=5), timedelta(minutes=1)

# Older rows are said to be so; without a follower each full comparison brings them up.
LATE = timedelta(minutes=2)


class LeadLost(Exception):
    """Another process has taken over."""


def load() -> MirrorState:
    """Return the row of the state; it is made at first."""
    found, _ = MirrorState.objects.get_or_create(pk=PK)
    return found


def as_of() -> datetime | None:
    """Return the time up to which every row is known to be right; None if never."""
    states = MirrorState.objects.filter(pk=PK).values("followed_at")
    fills = MirrorFill.objects.values_list("filled_at", Subquery(states))
    times = fills.first() or ()
    return max((at for at in times if at is not None), default=None)


def is_late(at: datetime) -> bool:
    """Tell whether rows that are right up to then are older than they should be."""
    return timezone.now() - at > LATE


def row_as_of(row: MirroredNamespace) -> datetime:
    """Return the time up to which one row is known to be right."""
    return max(row.mirrored_at, as_of() or row.mirrored_at)


def lead(holder: str) -> bool:
    """Take or keep the lead for `LEASE`; False while another process has it."""
    load()
    is_free = Q(holder="") | Q(held_until=None) | Q(held_until__lt=Now())
    row = MirrorState.objects.filter(Q(holder=holder) | is_free, pk=PK)
    return bool(row.update(holder=holder, held_until=_end_of_lease()))


def record_progress(holder: str, **values: Any) -> None:
    """Keep the lead and store how far it went; raise LeadLost if another one leads.

    In the transaction of the rows, it undoes what a process wrote after its lead.
    """
    row = MirrorState.objects.filter(pk=PK, holder=holder)
    if not row.update(held_until=_end_of_lease(), **values):
        raise LeadLost(holder)


def _end_of_lease() -> "ExpressionWrapper[CombinedExpression]":
    return ExpressionWrapper(Now() + LEASE, output_field=DateTimeField())


def leave(holder: str) -> None:
    """Give the lead back, so that another process need not wait."""
    row = MirrorState.objects.filter(pk=PK, holder=holder)
    row.update(holder="", held_until=None)


def is_led() -> bool:
    """Tell whether a process follows the store now."""
    return MirrorState.objects.filter(pk=PK, held_until__gte=Now()).exists()


def is_streamed() -> bool:
    """Tell whether a process follows the store now by change streams."""
    rows = MirrorState.objects.filter(pk=PK, held_until__gte=Now(), way="stream")
    return rows.exists()


def store_digest() -> str:
    """Return what tells one store's tokens from another's: a digest of its address."""
    address = settings.NSADMIN_MONGODB_URL.rpartition("@")[2]
    return hashlib.sha256(address.encode()).hexdigest()
