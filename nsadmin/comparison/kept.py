"""Kept comparisons: reading them with the actor's visibility, and their end."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.organization.suspension import suspended_tenants
from nsadmin.comparison.models import Comparison
from nsadmin.errors import NotFound
from nsadmin.jobs import trimming
from nsadmin.jobs.models import Job
from nsadmin.names import clip
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView

Json = dict[str, Any]

_LONGEST_ERROR = 2000


def visible(actor: Actor) -> QuerySet[Comparison]:
    """Return the comparisons of organizations and namespaces that the actor may see."""
    rows = Comparison.objects.filter(expires_at__gt=timezone.now())
    tenants = actor.visible_internal_ids
    if tenants is not None:
        own = Q(organization_id=actor.organization_id)
        rows = rows.filter(own | Q(internal_id__in=tenants))
    seen = queries.visible(actor).values("namespace_id")
    return rows.filter(left_id__in=seen, right_id__in=seen)


def listing(
    actor: Actor, *, ids: tuple[str, str] | None = None, offset: int, limit: int
) -> tuple[list[Comparison], int]:
    """Return some visible comparisons, newest first, and how many there are.

    With `ids` only those between these two namespaces, in either order.
    """
    rows = visible(actor).defer("result")
    if ids is not None:
        rows = rows.filter(left_id__in=ids, right_id__in=ids)
    ordered = rows.order_by("-created_at", "comparison_id")
    listed = list(ordered[offset : offset + limit])
    _note(actor, listed)
    return listed, rows.count()


def _note(actor: Actor, rows: list[Comparison]) -> None:
    """Note the grants by which these comparisons and the names in them are seen."""
    if not actor.grants:
        return
    ids = {side for row in rows for side in (row.left_id, row.right_id)}
    sides = queries.visible(actor).filter(namespace_id__in=ids)
    owners = set(sides.values_list("internal_id", flat=True).distinct())
    for internal_id in owners | {row.internal_id for row in rows}:
        actor.sees(internal_id)


def jobs_of(rows: Iterable[Comparison]) -> dict[UUID, Job]:
    """Return the jobs of comparisons by their ids."""
    return Job.objects.in_bulk([row.comparison_id for row in rows])


def is_kept(actor: Actor, comparison_id: UUID) -> bool:
    """Tell whether the actor can read a comparison."""
    return visible(actor).filter(comparison_id=comparison_id).exists()


def get(
    actor: Actor, comparison_id: UUID
) -> tuple[Comparison, NamespaceView, NamespaceView]:
    """Return a comparison with both namespaces as they are now.

    Raises NotFound, always the same, for an unknown id, for one that has expired, and
    for one with a namespace that the actor may not see or that is gone.
    """
    row = visible(actor).filter(comparison_id=comparison_id).first()
    if row is None:
        raise _not_found()
    try:
        left, right = (queries.get(actor, own) for own in (row.left_id, row.right_id))
    except NotFound:
        raise _not_found() from None
    return row, left, right


def _not_found() -> NotFound:
    return NotFound("There is no such comparison.", details={"resource": "comparison"})


def has_result(comparison_id: UUID) -> bool:
    """Tell whether the result of a comparison is stored."""
    rows = Comparison.objects.filter(comparison_id=comparison_id)
    return rows.exclude(result={}).exists()


def store_result(comparison_id: UUID, result: Json) -> None:
    """Store the result; a comparison that has expired meanwhile is gone."""
    Comparison.objects.filter(comparison_id=comparison_id).update(
        result=result, is_equal=result["is_equal"]
    )


def end(comparison_id: UUID, *, error: str) -> None:
    """Record that the job has ended, and why without a result; safe to repeat."""
    Comparison.objects.filter(comparison_id=comparison_id).update(
        error=clip(error, _LONGEST_ERROR), ended_at=timezone.now()
    )


def purge() -> int:
    """Delete the comparisons that have expired; return how many.

    Those of a suspended organization stay.
    """
    due = Comparison.objects.filter(expires_at__lte=timezone.now()).exclude(
        internal_id__in=suspended_tenants()
    )
    return trimming.delete_in_slices(due)
