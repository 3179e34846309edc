"""Mass expiry: a person must agree if many namespaces of an organization expire.

The fuse over the whole platform is in `fuse`.

Their deletion is held until a person releases exactly these namespaces, or extends
them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.models import Organization
from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import require_on
from nsadmin.audit import record
from nsadmin.errors import Conflict, NsadminError, Unavailable
from nsadmin.jobs import items
from nsadmin.namespaces.lifecycle import expiry
from nsadmin.namespaces.lifecycle.held import digest_of, named, rows_of
from nsadmin.namespaces.models import MirroredNamespace, ReaperHold

# A run that deletes more than this number and share of an organization's namespaces
# is held, and one that deletes all of more than ALL_OF.
MOST, MOST_SHARE = 20, 0.05
ALL_OF = 3
Verdict = Literal["few", "held", "released"]


@dataclass(frozen=True, slots=True)
class HeldExpiry:
    """The held namespaces of an organization that are still expired.

    `released_by` is empty until a person has released them.
    """

    organization: Organization
    rows: list[MirroredNamespace]
    held_at: datetime
    released_by: str
    released_at: datetime | None

    @property
    def digest(self) -> str:
        """Hash of the namespace ids, so that only the set shown is released."""
        return digest_of(self.rows)


def is_excessive(internal_id: str, count: int) -> bool:
    """Tell whether a person must agree to `count` deletions in an organization."""
    rows = MirroredNamespace.objects.filter(internal_id=internal_id, deleted_at=None)
    total = rows.count()
    if count > ALL_OF and count >= total:
        return True
    return count > MOST and count > MOST_SHARE * total


def judge(internal_id: str, ids: list[str]) -> Verdict:
    """Return what to do with the due namespaces of an organization.

    Those that are too many and not released are held.
    """
    if not is_excessive(internal_id, len(ids)):
        return "few"
    hold, is_new = ReaperHold.objects.get_or_create(
        internal_id=internal_id, defaults={"namespace_ids": sorted(ids)}
    )
    if hold.released_at is not None and set(ids) <= set(hold.namespace_ids):
        return "released"
    if not is_new and set(ids) != set(hold.namespace_ids):
        ReaperHold.objects.filter(pk=hold.pk).update(
            namespace_ids=sorted(ids), released_at=None, released_by=""
        )
    return "held"


def drop_other_holds(internal_ids: Iterable[str]) -> None:
    """Delete the holds of all organizations except these."""
    ReaperHold.objects.exclude(internal_id__in=list(internal_ids)).delete()


def held_expiry(organization: Organization) -> HeldExpiry | None:
    """Return the held namespaces of an organization; None if it has no hold now."""
    internal_id = organization.internal_id
    hold = ReaperHold.objects.filter(internal_id=internal_id).first()
    if hold is None:
        return None
    expired = MirroredNamespace.objects.filter(
        expires_at__lte=timezone.now(), deleted_at=None, deletion_task_id=""
    )
    rows = sorted(
        rows_of(expired, hold.namespace_ids),
        key=lambda row: (row.expires_at or hold.held_at, row.name_key),
    )
    if not is_excessive(internal_id, len(rows)):
        return None
    return HeldExpiry(
        organization=organization,
        rows=rows,
        held_at=hold.held_at,
        released_by=hold.released_by,
        released_at=hold.released_at,
    )


def all_held() -> list[HeldExpiry]:
    """Return the held namespaces of all organizations, the oldest hold first."""
    ids = ReaperHold.objects.order_by("held_at").values_list("internal_id", flat=True)
    owners = Organization.objects.in_bulk(list(ids), field_name="internal_id")
    entries = [held_expiry(owners[pk]) for pk in ids if pk in owners]
    return [entry for entry in entries if entry is not None]


def release(actor: Actor, organization: Organization, digest: str) -> int:
    """Release the deletions that were shown; the next run carries out exactly those.

    Returns their number. Raises Forbidden, and Conflict if the set has changed.
    """
    held = _require_shown(actor, organization, digest)
    count = ReaperHold.objects.filter(internal_id=organization.internal_id).update(
        namespace_ids=sorted(row.namespace_id for row in held.rows),
        released_at=timezone.now(),
        released_by=actor.label,
    )
    if not count:
        raise _changed()
    _audit(
        actor,
        held,
        "namespace:let-expire",
        "Approve the deletion of {} that have expired: {}.",
    )
    return len(held.rows)


def extend_all(
    actor: Actor, organization: Organization, digest: str, end: datetime
) -> tuple[int, list[tuple[str, str]]]:
    """Extend all that were shown; return their number and the failures (name, error).

    Raises as `release` does, and Unavailable if the store does not answer.
    """
    held = _require_shown(actor, organization, digest)
    failures: list[tuple[str, str]] = []

    def extend(row: MirroredNamespace) -> None:
        try:
            expiry.extend(actor, row.namespace_id, end)
        except Unavailable:
            raise
        except NsadminError as refused:
            failures.append((row.name, refused.message))

    tally = items.each("extend", held.rows, extend, key=lambda row: row.namespace_id)
    extended = tally.done - len(failures)
    _audit(
        actor,
        held,
        "namespace:extend-all",
        "Extend the expiry of {} that expired together: {}.",
    )
    return extended, failures


def _require_shown(actor: Actor, organization: Organization, digest: str) -> HeldExpiry:
    require_on(
        actor,
        Action.NAMESPACE_DELETE,
        internal_id=organization.internal_id,
        scope="org",
        what="organization",
    )
    held = held_expiry(organization)
    if held is None or held.digest != digest:
        raise _changed()
    return held


def _changed() -> Conflict:
    return Conflict(
        "The list of expired namespaces has changed. Review it again.",
        code="due_moved",
    )


def _audit(actor: Actor, held: HeldExpiry, action: str, summary: str) -> None:
    record.record(
        action=action,
        summary=summary.format(f"{len(held.rows):,} namespaces", named(held.rows)),
        actor=actor,
        organization_id=held.organization.organization_id,
    )
