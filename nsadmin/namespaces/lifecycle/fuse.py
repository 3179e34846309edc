"""Fuses: what the platform deletes by itself in a day, and by whose clock.

Expiry and purge ask `admit` which of their namespaces may go. Too many, or a clock that
jumped, are held until a platform admin releases exactly these.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, get_args

from django.conf import settings
from django.db import connection
from django.db.models import Sum

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import require
from nsadmin.audit import record
from nsadmin.errors import Conflict
from nsadmin.namespaces.lifecycle.held import digest_of, ids_of, rows_of
from nsadmin.namespaces.models import DeletionHold, DeletionRun, MirroredNamespace

Kind = Literal["expiry", "purge"]
Reason = Literal["many", "clock forward", "clock back"]
EXPIRY: Final = "expiry"
PURGE: Final = "purge"

_DAY = timedelta(days=1)
_KEPT_FOR = timedelta(days=2)
# An outage of this length is usual, and so are this many deletions after it.
_INTERVAL: dict[Kind, timedelta] = {EXPIRY: timedelta(hours=1), PURGE: timedelta()}
_LONGEST_GAP = timedelta(hours=6)
_FEW = 5
_BACK = timedelta(minutes=5)

_SENTENCES: dict[Reason, str] = {
    "many": ("{due}, but at most {limit:,} are deleted in 24 hours without approval."),
    "clock forward": (
        "The database's clock is much further than at the last run, and {due}. Check "
        "the clock, and whether the schedules were stopped."
    ),
    "clock back": (
        "The database's clock is behind the time of the last run, so it was or is "
        "wrong. Check it."
    ),
}


@dataclass(frozen=True, slots=True)
class Admitted:
    """The ids that may be deleted, in order; no person released the `unasked` ones."""

    ids: list[str]
    unasked: frozenset[str]


@dataclass(frozen=True, slots=True)
class HeldDeletions:
    """The namespaces of a hold that are still there; `sentence` says why."""

    kind: Kind
    sentence: str
    rows: list[MirroredNamespace]
    held_at: datetime
    released_by: str
    released_at: datetime | None

    @property
    def digest(self) -> str:
        """Hash of the namespace ids, so that only the set shown is released."""
        return digest_of(self.rows)


def database_now() -> datetime:
    """Return the time in UTC by the clock of the database, which all workers share."""
    if connection.vendor != "postgresql":
        return datetime.now(UTC)  # the database is a file of this machine
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now.astimezone(UTC)


def daily_limit() -> int:
    """Return how many namespaces go in 24 hours without a person's approval."""
    share = MirroredNamespace.objects.count() * settings.NSADMIN_DELETIONS_PERCENT
    return max(settings.NSADMIN_DELETIONS_PER_DAY, share // 100)


def admit(
    kind: Kind, due: Sequence[str], now: datetime, *, approved: Collection[str] = ()
) -> Admitted:
    """Return the due ids that may be deleted now; hold the others.

    `approved` are those that a person of the organization has released. Call `note`
    after the deletions.
    """
    if not due:
        return Admitted([], frozenset())
    hold = DeletionHold.objects.filter(kind=kind).first()
    released = set[str]()
    if hold is not None and hold.released_at is not None:
        released.update(hold.namespace_ids)
    unasked = [key for key in due if key not in released and key not in approved]
    reason = _clock_reason(kind, len(due), now)
    if reason is not None:
        _hold(kind, hold, reason, due, now)
        return Admitted([], frozenset())
    if unasked and len(unasked) + _deleted_today(kind, now) > daily_limit():
        _hold(kind, hold, "many", unasked, now)
        agreed = [key for key in due if key in released or key in approved]
        return Admitted(agreed, frozenset())
    DeletionHold.objects.filter(kind=kind).delete()
    return Admitted(list(due), frozenset(unasked))


def note(kind: Kind, now: datetime, deleted: int) -> None:
    """Record a run and how many of the unasked it deleted.

    A run that was held for its clock proves no time and is not recorded.
    """
    held = DeletionHold.objects.filter(kind=kind, released_at=None)
    if _clock_reason(kind, 0, now) or held.filter(reason__startswith="clock").exists():
        return
    last = DeletionRun.objects.filter(kind=kind).order_by("-at", "-pk").first()
    if last is not None and not last.deleted and not deleted:
        DeletionRun.objects.filter(pk=last.pk).update(at=now)
        return
    DeletionRun.objects.create(kind=kind, at=now, deleted=deleted)
    DeletionRun.objects.filter(kind=kind, at__lt=now - _KEPT_FOR).delete()


def all_held() -> list[HeldDeletions]:
    """Return what the fuses hold now."""
    found = [held_deletions(kind) for kind in get_args(Kind)]
    return [held for held in found if held is not None]


def held_deletions(kind: Kind) -> HeldDeletions | None:
    """Return what one fuse holds; None if nothing of it is left."""
    hold = DeletionHold.objects.filter(kind=kind).first()
    if hold is None:
        return None
    found = _still_there(kind, hold.namespace_ids)
    if not found:
        return None
    return HeldDeletions(
        kind=kind,
        sentence=_sentence(hold, len(found)),
        rows=found,
        held_at=hold.held_at,
        released_by=hold.released_by,
        released_at=hold.released_at,
    )


def _still_there(kind: Kind, ids: Sequence[str]) -> list[MirroredNamespace]:
    """Return the rows of held ids that can still be deleted, by organization."""
    rows = MirroredNamespace.objects.filter(
        deleted_at__isnull=kind == EXPIRY, deletion_task_id=""
    )
    return sorted(rows_of(rows, ids), key=lambda row: (row.internal_id, row.name_key))


def release(actor: Actor, kind: Kind, digest: str) -> int:
    """Release the deletions that were shown; the next run makes exactly those.

    The present time of the database counts as right from then on. Returns their number.
    Raises Forbidden, and Conflict if the set has changed.
    """
    require(actor, Action.DELETION_RELEASE)
    held = held_deletions(kind)
    if held is None or held.digest != digest:
        raise Conflict(
            "The list of held deletions has changed. Review it again.",
            code="held_moved",
        )
    now = database_now()
    DeletionHold.objects.filter(kind=kind).update(
        namespace_ids=sorted(row.namespace_id for row in held.rows),
        released_at=now,
        released_by=actor.label,
    )
    DeletionRun.objects.filter(kind=kind, at__gt=now).update(at=now)
    DeletionRun.objects.create(kind=kind, at=now)
    _audit(actor, held)
    return len(held.rows)


def _clock_reason(kind: Kind, due: int, now: datetime) -> Reason | None:
    """Return how the clock jumped since the last run that trusted it, if it did.

    Going forward, nothing is held unless many are due: the schedules may have stood
    still.
    """
    last = DeletionRun.objects.filter(kind=kind).order_by("-at").first()
    if last is None:
        return None
    if now < last.at - _BACK:
        return "clock back"
    is_late = now - last.at > 2 * _INTERVAL[kind] + _LONGEST_GAP
    return "clock forward" if is_late and due > _FEW else None


def _deleted_today(kind: Kind, now: datetime) -> int:
    rows = DeletionRun.objects.filter(kind=kind, at__gt=now - _DAY)
    return rows.aggregate(total=Sum("deleted"))["total"] or 0


def _hold(
    kind: Kind,
    hold: DeletionHold | None,
    reason: Reason,
    ids: Collection[str],
    now: datetime,
) -> None:
    """Hold these; a hold that has exactly these already keeps its time."""
    wanted = sorted(ids)
    is_same = hold is not None and hold.namespace_ids == wanted
    if is_same and hold is not None and hold.released_at is None:
        DeletionHold.objects.filter(kind=kind).update(reason=reason)
        return
    DeletionHold.objects.update_or_create(
        kind=kind,
        defaults={
            "reason": reason,
            "namespace_ids": wanted,
            "held_at": now if hold is None else hold.held_at,
            "released_at": None,
            "released_by": "",
        },
    )


def _sentence(hold: DeletionHold, count: int) -> str:
    due = f"{count:,} are due" if count != 1 else "1 is due"
    for reason, sentence in _SENTENCES.items():
        if reason == hold.reason:
            return sentence.format(due=due, limit=daily_limit())
    return ""


def _audit(actor: Actor, held: HeldDeletions) -> None:
    # The operator's audit has no names of customers.
    verb = "expiry" if held.kind == EXPIRY else "final deletion"
    record.record(
        action="platform:release-deletions",
        summary=f"Approve the {verb} of {len(held.rows):,} held namespaces: "
        f"{ids_of(held.rows)}.",
        actor=actor,
        organization_id=actor.organization_id,
    )
