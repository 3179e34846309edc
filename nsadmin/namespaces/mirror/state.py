"""How far the mirror has followed the namespace store, and which process follows it."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import DateTimeField, ExpressionWrapper, Q, QuerySet, Subquery
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now
from django.utils import timezone

from nsadmin import meters
from nsadmin.namespaces.models import MirroredNamespace, MirrorFill, MirrorState

PK = 1
# A process leads for so long after its last word; then another one takes over.
LEASE = timedelta(seconds=6)
# Periods of the full comparison: behind a change stream, and without one.
PERIOD_STREAM, PERIOD_CURSOR = timedelta(minutes=10), timedelta(minutes=1)

# Older rows are said to be so; without a follower each full comparison brings them up.
LATE = timedelta(minutes=2)
_FOLLOWED = MirrorState.objects.filter(pk=PK).values("followed_at")
_FILLED_AT, _FOLLOWED_AT = "mirror_filled_at", "mirror_followed_at"


class LeadLost(Exception):
    """Another process has taken over."""


@dataclass(frozen=True, slots=True)
class Age:
    """How old the rows are: all are right up to `as_of`, None if it is not known."""

    as_of: datetime | None

    @property
    def is_late(self) -> bool:
        """Whether the rows are older than they should be."""
        return self.as_of is not None and is_late(self.as_of)


def load() -> MirrorState:
    """Return the row of the state; it is made at first."""
    found, _ = MirrorState.objects.get_or_create(pk=PK)
    return found


def as_of() -> datetime | None:
    """Return the time up to which every row is known to be right; None if never."""
    fills = MirrorFill.objects.values_list("filled_at", Subquery(_FOLLOWED))
    return _latest(*(fills.first() or (None, None)))


def age() -> Age:
    """Return how old the rows are, by one statement."""
    return Age(as_of())


def with_as_of(
    rows: QuerySet[MirroredNamespace],
) -> QuerySet[MirroredNamespace]:
    """Return the rows so that `as_of_read` tells the time, of the same moment."""
    fills = MirrorFill.objects.order_by("pk").values("filled_at")[:1]
    times = {_FILLED_AT: Subquery(fills), _FOLLOWED_AT: Subquery(_FOLLOWED)}
    return rows.annotate(**times)


def as_of_read(row: MirroredNamespace) -> datetime | None:
    """Return what `as_of` would have, had it been asked when the row was read."""
    values = vars(row)
    return _latest(values[_FILLED_AT], values[_FOLLOWED_AT])


def _latest(
    filled_at: datetime | None, followed_at: datetime | None
) -> datetime | None:
    if filled_at is None:
        return None
    return filled_at if followed_at is None else max(filled_at, followed_at)


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
        meters.count_lost_lease("mirror")
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
