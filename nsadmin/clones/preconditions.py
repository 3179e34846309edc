"""Who may clone what, and what has to be true of source and name before it begins."""

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import require
from nsadmin.clones.request import CloneRequest
from nsadmin.errors import Conflict, Invalid
from nsadmin.namespaces.change import blockers, preconditions, quota
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema.document import Namespace


def source_of(actor: Actor, identifier: str, request: CloneRequest) -> NamespaceView:
    """Return the namespace to clone, or raise what the actor has to be told.

    Naming another organization is for platform admins; one's own may be named too and
    changes nothing. System namespaces may be cloned by all who may clone.
    """
    across = request.source_organization_id
    if across in (None, actor.organization_id):
        view = queries.get_stored(
            actor,
            identifier,
            organization_id=actor.organization_id if across else None,
            action=Action.NAMESPACE_CLONE,
        )
        _require_named(actor, view)
        return view
    require(actor, Action.NAMESPACE_CLONE_ACROSS)
    view = queries.get_stored(
        actor,
        identifier,
        organization_id=across,
        action=Action.NAMESPACE_CLONE_ACROSS,
    )
    if view.organization_id != across:
        raise queries.namespace_not_found(identifier)
    return view


def _require_named(actor: Actor, view: NamespaceView) -> None:
    """Staff see every namespace; cloning across needs saying so."""
    if view.namespace.is_system or view.namespace.internal_id == actor.internal_id:
        return
    sentence = (
        f"This namespace belongs to {view.organization_name or 'another organization'};"
        " name that organization to clone across."
    )
    raise Invalid.at("source_organization_id", sentence)


def require_ready(actor: Actor, source: Namespace) -> None:
    """Raise Conflict for a source that is itself being made, deleted or incomplete."""
    is_foreign = source.internal_id != actor.internal_id and not actor.is_staff
    if is_foreign and source.deletion_task_id is not None:
        # A namespace of the platform, which is for all; its jobs are not.
        raise Conflict("The source is being deleted.", code="namespace_busy")
    blockers.require_not_deleting(source)
    task = {"task_id": source.clone_task_id}
    if source.clone_status in ("cloning", "deleting"):
        word = "being cloned into" if source.clone_status == "cloning" else "deleted"
        raise Conflict(
            f"The source is {word}; wait for job {source.clone_task_id} to end.",
            code="namespace_busy",
            details=task,
        )
    if source.clone_status == "failed":
        raise Conflict(
            "The source is itself a clone that failed and is not complete.",
            code="namespace_incomplete",
            details=task,
        )


def require_quota(actor: Actor, name: str) -> None:
    """Raise for a name that is taken, or a plan whose limit is reached."""
    preconditions.require_free_name(actor.internal_id, name)
    quota.require_quota(actor.internal_id, actor.plan)
