"""Checks before a clone starts: permission, state of the source, name and quota."""

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import require
from nsadmin.clones.copy import foreign
from nsadmin.clones.request import CloneRequest
from nsadmin.errors import Conflict, Invalid, NsadminError
from nsadmin.jobs.execution.ceiling import require_room
from nsadmin.namespaces.change import blockers, preconditions, quota
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.plan.desired import expected_vectors
from nsadmin.namespaces.plan.readable import require_readable
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.moving import move_of
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import collection_name

# The fields of the source that its clone takes over.
_COPIED = (
    "infrastructure",
    "feature_extractors",
    "payload_indexes",
    "vector_inference_map",
    "auto_create_indexes",
    "description",
)


def check(actor: Actor, identifier: str, request: CloneRequest) -> NamespaceView:
    """Return the namespace to clone if the clone may start now.

    Raises NotFound or Forbidden for a source the actor may not clone, Invalid for one
    of another organization that was not named, Conflict for a busy source, a taken
    name, or points that name another namespace and would go to another organization,
    QuotaExceeded for a full plan, RateLimited for a full queue of jobs.
    """
    source = _load_source(actor, identifier, request)
    require_ready(actor, source.namespace)
    _require_quota(actor, request.namespace_name)
    require_room(actor.organization_id)
    require_collection(source.namespace)
    _require_no_foreign_points(actor, source.namespace, request)
    return source


def _load_source(actor: Actor, identifier: str, request: CloneRequest) -> NamespaceView:
    """Return the namespace to clone.

    Only platform admins may clone from another organization, and they have to name it
    in `source_organization_id`; the actor's own organization may be named as well.
    System namespaces may be cloned by every actor with the permission to clone.

    Raises NotFound, Forbidden, or Invalid if the organization was not named.
    """
    organization_id = request.source_organization_id
    if organization_id in (None, actor.organization_id):
        view = queries.get_stored(
            actor,
            identifier,
            organization_id=organization_id,
            action=Action.NAMESPACE_CLONE,
        )
        _require_organization_named(actor, view)
        return view
    require(actor, Action.NAMESPACE_CLONE_ACROSS)
    view = queries.get_stored(
        actor,
        identifier,
        organization_id=organization_id,
        action=Action.NAMESPACE_CLONE_ACROSS,
    )
    if view.organization_id != organization_id:
        raise queries.namespace_not_found(identifier)
    return view


def _require_organization_named(actor: Actor, view: NamespaceView) -> None:
    """Raise Invalid for a namespace of another organization that was not named.

    A platform admin may see it by a support session; this prevents an accidental clone.
    """
    if view.namespace.is_system or view.namespace.internal_id == actor.internal_id:
        return
    message = (
        f"This namespace belongs to {view.organization_name or 'another organization'};"
        " name that organization to clone from it."
    )
    raise Invalid.at("source_organization_id", message)


def require_ready(actor: Actor, source: Namespace) -> None:
    """Raise Conflict for a source that is busy, incomplete or cannot be read whole."""
    is_foreign = not actor.sees(source.internal_id)
    if is_foreign and source.deletion_task_id is not None:
        # A system namespace: visible to every organization, but its jobs are not.
        raise Conflict("The source is being deleted.", code="namespace_busy")
    if is_foreign and move_of(source) is not None:
        raise Conflict(
            "The source is being moved to another cluster.", code="namespace_busy"
        )
    blockers.require_not_deleting(source)
    blockers.require_not_moving(source, for_what="cloned")
    require_readable(source, _COPIED)
    details = {"task_id": source.clone_task_id}
    if source.clone_status in ("cloning", "deleting"):
        activity = (
            "being cloned into" if source.clone_status == "cloning" else "being deleted"
        )
        raise Conflict(
            f"The source is {activity}; wait for job {source.clone_task_id} to end.",
            code="namespace_busy",
            details=details,
        )
    if source.clone_status == "failed":
        raise Conflict(
            "The source is incomplete: it is a clone whose job failed.",
            code="namespace_incomplete",
            details=details,
        )


def require_collection(source: Namespace) -> None:
    """Raise Conflict for a source of which no collection could be made.

    Without a collection in Qdrant, its extractors define the vectors of the clone's; a
    source that has neither cannot be cloned. While Qdrant is silent, the job finds out.
    """
    name = collection_name(source.collection)
    if expected_vectors(source):
        return
    try:
        live = collections.get(cluster_of(source), name)
    except NsadminError:
        return
    if live is None:
        raise Conflict(
            "The source has no collection in Qdrant, and no feature extractor that "
            "defines its vectors, so there is nothing to clone.",
            code="collection_missing",
        )


def _require_no_foreign_points(
    actor: Actor, source: Namespace, request: CloneRequest
) -> None:
    """Raise Conflict for points of others that would go to another organization.

    Where they cannot be counted now, the job raises it at the first such point.
    """
    across = source.internal_id != actor.internal_id
    if request.leave_out_foreign_points:
        if not across:
            raise Invalid.at(
                "leave_out_foreign_points",
                "A clone within an organization has every point; leave this out.",
            )
        require(actor, Action.NAMESPACE_CLONE_ACROSS)
    elif across and request.include.collections:
        found = foreign.count_in(source)
        if found:
            verb = (
                "point of the source names"
                if found == 1
                else "points of the source name"
            )
            raise foreign.refusal(f"{found:,} {verb}")


def _require_quota(actor: Actor, name: str) -> None:
    """Raise Conflict for a name that is taken, QuotaExceeded for a full plan."""
    preconditions.require_free_name(actor.internal_id, name)
    quota.require_quota(actor.internal_id, actor.plan)
