"""The fuse: too many namespaces of one organization end at once, so a human is asked.

What is held stays as it is until somebody lets exactly these be deleted, or extends
them.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.models import Organization
from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import require_on
from nsadmin.audit import record
from nsadmin.errors import Conflict, NsadminError, Unavailable
from nsadmin.namespaces.lifecycle import expiry
from nsadmin.namespaces.models import MirroredNamespace, ReaperHold

# More than this many, or this part of an organization's, in one run asks a human.
MOST, MOST_SHARE = 20, 0.05
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Due:
    """What is held of an organization: the namespaces that are due now still.

    `digest` stands for exactly these. `released_by` is empty until somebody agreed.
    """

    organization: Organization
    rows: list[MirroredNamespace]
    held_at: datetime
    released_by: str
    released_at: datetime | None

    @property
    def digest(self) -> str:
        """Name this set of namespaces, so that nobody agrees to another one."""
        ids = "\n".join(sorted(row.namespace_id for row in self.rows))
        return hashlib.sha256(ids.encode()).hexdigest()[:16]


def is_excessive(internal_id: str, count: int) -> bool:
    """Tell whether so many of an organization's namespaces at once ask a human."""
    rows = MirroredNamespace.objects.filter(internal_id=internal_id, deleted_at=None)
    return count > MOST and count > MOST_SHARE * rows.count()


def hold_if_excessive(internal_id: str, ids: list[str]) -> bool:
    """Hold the deletions where they are too many and nobody agreed to all of them."""
    if not is_excessive(internal_id, len(ids)):
        return False
    hold, made = ReaperHold.objects.get_or_create(
        internal_id=internal_id, defaults={"namespace_ids": sorted(ids)}
    )
    if hold.released_at is not None and set(ids) <= set(hold.namespace_ids):
        return False
    if not made and set(ids) != set(hold.namespace_ids):
        ReaperHold.objects.filter(pk=hold.pk).update(
            namespace_ids=sorted(ids), released_at=None, released_by=""
        )
    return True


def forget_others(internal_ids: Iterable[str]) -> None:
    """Drop the holds of all organizations but these, for nothing is held there now."""
    ReaperHold.objects.exclude(internal_id__in=list(internal_ids)).delete()


def due(organization: Organization) -> Due | None:
    """Return what is held of an organization; None where nothing is, any more."""
    internal_id = organization.internal_id
    hold = ReaperHold.objects.filter(internal_id=internal_id).first()
    if hold is None:
        return None
    rows = list(
        MirroredNamespace.objects.filter(
            namespace_id__in=hold.namespace_ids,
            expires_at__lte=timezone.now(),
            deleted_at=None,
            deletion_task_id="",
        )
        .defer("document")
        .order_by("expires_at", "name_key")
    )
    if not is_excessive(internal_id, len(rows)):
        return None
    return Due(organization, rows, hold.held_at, hold.released_by, hold.released_at)


def everywhere() -> list[Due]:
    """Return what is held, of every organization, the oldest first."""
    held = ReaperHold.objects.order_by("held_at").values_list("internal_id", flat=True)
    owners = Organization.objects.in_bulk(list(held), field_name="internal_id")
    found = [due(owners[internal_id]) for internal_id in held if internal_id in owners]
    return [entry for entry in found if entry is not None]


def release(actor: Actor, organization: Organization, digest: str) -> int:
    """Agree to the deletions that were shown; the next run carries out exactly those.

    Returns how many. Raises Forbidden, and Conflict where others are due by now.
    """
    held = _shown(actor, organization, digest)
    agreed = ReaperHold.objects.filter(internal_id=organization.internal_id).update(
        namespace_ids=sorted(row.namespace_id for row in held.rows),
        released_at=timezone.now(),
        released_by=actor.label,
    )
    if not agreed:
        raise _moved()
    _note(actor, held, "namespace:let-expire", "Let {} that have ended be deleted: {}.")
    return len(held.rows)


def extend_all(
    actor: Actor, organization: Organization, digest: str, end: datetime
) -> tuple[int, list[tuple[str, str]]]:
    """Move the end of all that were shown; return how many, and [name, why not].

    Raises as `release` does, and Unavailable where the store is silent.
    """
    held = _shown(actor, organization, digest)
    extended, left = 0, []
    for row in held.rows:
        try:
            expiry.extend(actor, row.namespace_id, end)
        except Unavailable:
            raise
        except NsadminError as refused:
            left.append((row.name, refused.message))
        else:
            extended += 1
    _note(actor, held, "namespace:extend-all", "Extend {} that were due at once: {}.")
    return extended, left


def _shown(actor: Actor, organization: Organization, digest: str) -> Due:
    require_on(
        actor,
        Action.NAMESPACE_DELETE,
        internal_id=organization.internal_id,
        scope="org",
        what="organization",
    )
    held = due(organization)
    if held is None or held.digest != digest:
        raise _moved()
    return held


def _moved() -> Conflict:
    return Conflict(
        "Others are due by now than the list showed. Look at it again.",
        code="due_moved",
    )


def _note(actor: Actor, held: Due, action: str, summary: str) -> None:
    names = [f"“{row.name}”" for row in held.rows[:_NAMED]]
    more = len(held.rows) - len(names)
    listed = ", ".join(names) + (f" and {more:,} more" if more else "")
    record.record(
        action=action,
        summary=summary.format(f"{len(held.rows):,} namespaces", listed),
        actor=actor,
        organization_id=held.organization.organization_id,
    )
