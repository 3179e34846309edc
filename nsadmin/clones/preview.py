"""The preview of a clone: counts, texts and warnings, without writing anything."""

from dataclasses import dataclass
from uuid import uuid4

from nsadmin.access.actor import Actor
from nsadmin.clones import limits_preview, preconditions, target
from nsadmin.clones.copy import foreign
from nsadmin.clones.copy.ways import ways_for
from nsadmin.clones.request import NO_RESOURCES, CloneRequest
from nsadmin.clones.start import planned_document
from nsadmin.errors import NsadminError
from nsadmin.namespaces.change.preflight_checks import Check
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.mongo import resources
from nsadmin.stores.qdrant import points
from nsadmin.transfer import choice
from nsadmin.transfer.choice import Choice
from nsadmin.transfer.site import Site


@dataclass(frozen=True, slots=True)
class ClonePreview:
    """The forecast of a clone; `points` is None in `counts` if Qdrant is away.

    `cluster` names the cluster of the clone, `tier` is its tier, and `checks` are what
    was found out about it. `transfer` is how the points would be brought; None without
    points, and where that is not known.
    """

    source: NamespaceView
    request: CloneRequest
    counts: dict[str, int | None]
    included: list[str]
    left_out: list[str]
    warnings: list[str]
    cluster: str
    tier: str
    checks: tuple[Check, ...]
    transfer: Choice | None


def preview(actor: Actor, identifier: str, request: CloneRequest) -> ClonePreview:
    """Return the forecast of a clone without writing. Raises like `launch`."""
    source = preconditions.check(actor, identifier, request)
    place = target.resolved(actor, source.namespace, request.target)
    planned = planned_document(actor, source.namespace, request, job_id=uuid4())
    clone = document.read(planned)
    checks = target.checks(source.namespace, clone, place)
    target.require(checks, place)
    counts = _planned_counts(source.namespace, request)
    return ClonePreview(
        source=source,
        request=request,
        counts=counts,
        included=request.include.included,
        left_out=request.include.left_out,
        warnings=[
            *_warnings(actor, source.namespace, clone, request),
            *limits_preview.warnings(source.namespace, clone, counts.get("points")),
        ],
        cluster=target.label(clone),
        tier=clone.tier,
        checks=checks,
        transfer=_transfer(source.namespace, clone) if counts.get("points") else None,
    )


def _transfer(source: Namespace, clone: Namespace) -> Choice | None:
    """Return how the points would be brought; None where a cluster does not tell."""
    try:
        here = Site(cluster_of(source), source.collection)
        there = Site(cluster_of(clone), clone.collection)
        rates = choice.measured_rates(there.cluster)
        return choice.preview(here, there, ways_for(source, clone), rates=rates)
    except NsadminError:
        return None


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


def _warnings(
    actor: Actor, source: Namespace, clone: Namespace, request: CloneRequest
) -> list[str]:
    """Sentences about differences between source and clone that may surprise."""
    warnings = []
    if source.tier != "shared" and clone.tier == "shared":
        warnings.append(
            "The source has a dedicated cluster. The clone goes to the shared one."
        )
    if source.internal_id != actor.internal_id:
        warnings.append(
            "The source belongs to another organization. Secrets that its pipelines "
            "use are not copied; the clone's stages need their own."
        )
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
