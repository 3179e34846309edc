"""The preview of a clone: counts, texts and warnings, without writing anything."""

from dataclasses import dataclass

from nsadmin.access.actor import Actor
from nsadmin.clones import limits_preview, preconditions
from nsadmin.clones.copy import foreign
from nsadmin.clones.request import NO_RESOURCES, CloneRequest
from nsadmin.errors import NsadminError
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.mongo import resources
from nsadmin.stores.qdrant import points


@dataclass(frozen=True, slots=True)
class ClonePreview:
    """The forecast of a clone; `points` is None in `counts` if Qdrant is away."""

    source: NamespaceView
    request: CloneRequest
    counts: dict[str, int | None]
    included: list[str]
    left_out: list[str]
    warnings: list[str]


def preview(actor: Actor, identifier: str, request: CloneRequest) -> ClonePreview:
    """Return the forecast of a clone without writing. Raises like `launch`."""
    source = preconditions.check(actor, identifier, request)
    counts = _planned_counts(source.namespace, request)
    return ClonePreview(
        source=source,
        request=request,
        counts=counts,
        included=request.include.included,
        left_out=request.include.left_out,
        warnings=[
            *_warnings(actor, source.namespace, request),
            *limits_preview.warnings(source.namespace, counts.get("points")),
        ],
    )


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


def _warnings(actor: Actor, source: Namespace, request: CloneRequest) -> list[str]:
    """Sentences about differences between source and clone that may surprise."""
    warnings = []
    if source.tier != "shared":
        warnings.append(
            "The source has a dedicated cluster. The clone goes to the shared one: "
            "addresses and keys are never copied."
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
