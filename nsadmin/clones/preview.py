"""The preview of a clone: counts, texts and losses, without writing anything."""

from dataclasses import dataclass
from uuid import uuid4

from nsadmin.access.actor import Actor
from nsadmin.clones import preconditions, readiness, target
from nsadmin.clones.conditions import Condition
from nsadmin.clones.copy import foreign
from nsadmin.clones.request import NO_RESOURCES, CloneRequest
from nsadmin.clones.review.forecast import Forecast, forecast
from nsadmin.clones.review.losses import Losses, losses
from nsadmin.clones.start import planned_document
from nsadmin.errors import NsadminError
from nsadmin.namespaces.change.preflight_checks import Check
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.mongo import resources
from nsadmin.stores.qdrant import points
from nsadmin.transfer.choice import Choice


@dataclass(frozen=True, slots=True)
class ClonePreview:
    """The forecast of a clone; `points` is None in `counts` if Qdrant is away.

    `cluster` names the cluster of the clone, `tier` is its tier, and `checks` are what
    was found out about it. `losses` need consent, `warnings` do not. `room` tells of
    the subscription.
    """

    source: NamespaceView
    request: CloneRequest
    counts: dict[str, int | None]
    included: list[str]
    left_out: list[str]
    warnings: list[str]
    losses: Losses
    cluster: str
    tier: str
    checks: tuple[Check, ...]
    forecast: Forecast
    room: Condition

    @property
    def transfer(self) -> Choice | None:
        """How the points would be brought; None without points, or if not known."""
        return self.forecast.choice


def preview(actor: Actor, identifier: str, request: CloneRequest) -> ClonePreview:
    """Return the forecast of a clone without writing. Raises like `launch`."""
    source = preconditions.check(actor, identifier, request)
    place = target.resolved(actor, source.namespace, request.target)
    planned = planned_document(actor, source.namespace, request, job_id=uuid4())
    clone = document.read(planned)
    checks = target.checks(source.namespace, clone, place)
    target.require(checks, place)
    counts = _planned_counts(source.namespace, request)
    points_count = counts.get("points")
    lost = losses(source.namespace, clone, request, points_count)
    return ClonePreview(
        source=source,
        request=request,
        counts=counts,
        included=request.include.included,
        left_out=request.include.left_out,
        warnings=[*_warnings(source.namespace, request), *lost.warnings],
        losses=lost,
        cluster=target.label(clone),
        tier=clone.tier,
        checks=checks,
        forecast=forecast(source.namespace, clone) if points_count else Forecast(),
        room=readiness.room(actor),
    )


def losses_of(actor: Actor, source: Namespace, request: CloneRequest) -> Losses:
    """Return what the clone would lose now, to compare with what was accepted."""
    planned = planned_document(actor, source, request, job_id=uuid4())
    counted = _planned_counts(source, request).get("points")
    return losses(source, document.read(planned), request, counted)


def _planned_counts(source: Namespace, request: CloneRequest) -> dict[str, int | None]:
    """Count the resources and points that a clone would copy now."""
    include = request.include
    counts: dict[str, int | None] = {
        **NO_RESOURCES,
        **{
            kind: n
            for kind, n in resources.counts(source.namespace_id).items()
            if getattr(include, kind, True)
        },
    }
    if include.collections:
        try:
            counts["points"] = points.count(cluster_of(source), source.collection)
        except NsadminError:
            counts["points"] = None
    return counts


def _warnings(source: Namespace, request: CloneRequest) -> list[str]:
    """Sentences about differences between source and clone that may surprise."""
    warnings = []
    if source.expires_at is not None:
        warnings.append("The source expires; the clone does not.")
    if source.observed_revision < source.revision:
        warnings.append("The last change of the source is not yet applied in Qdrant.")
    if request.include.collections:
        found = foreign.count_in(source)
        if found:
            subject = "1 point names" if found == 1 else f"{found:,} points name"
            end = (
                "are left out, and counted in the report."
                if request.leave_out_foreign_points
                else "are copied as they are, and counted in the report."
            )
            warnings.append(
                f"{subject} another namespace in the payload. Such points {end}"
            )
    return warnings
