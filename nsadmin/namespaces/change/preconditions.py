"""Conditions for planning a change, and for accepting its plan."""

from nsadmin.access.actor import Actor
from nsadmin.errors import CollectionGone, Conflict, Unavailable
from nsadmin.namespaces.change import blockers
from nsadmin.namespaces.placement.sent_infrastructure import SentInfrastructure
from nsadmin.namespaces.plan.desired import ActualCollection
from nsadmin.namespaces.plan.plan import ChangeRequest, Plan, added_vectors
from nsadmin.namespaces.read import probe
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.text import name_key
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import versions


def require_open(namespace: Namespace, request: ChangeRequest) -> None:
    """Raise Conflict or NotEnabled if the namespace cannot be changed now."""
    _require_idle(namespace)
    if request.new_name is not None:  # early, so that the error names the field
        require_free_name(
            namespace.internal_id, request.new_name, besides=namespace.namespace_id
        )
    SentInfrastructure(namespace, request.infrastructure).require_included()


def require_carried_out(
    actor: Actor, namespace: Namespace, plan: Plan, actual: ActualCollection | None
) -> None:
    """Raise Unavailable or Conflict if Qdrant cannot carry out the plan."""
    if not plan.needs_qdrant:
        return
    if actual is None:
        raise Unavailable(
            "Qdrant does not answer. Nothing was written.", details={"store": "qdrant"}
        )
    _require_collection(plan, actual)
    _require_no_copy(actor, namespace)
    _require_vector_call(namespace, plan)


def require_free_name(internal_id: str, name: str, *, besides: str = "") -> None:
    """Raise Conflict if the tenant has a namespace of that name.

    `besides` is the id of the namespace that is renamed, which may have the name.
    """
    other = store.find_by_name(internal_id, name_key(name))
    if other is not None and other["_id"] != besides:
        raise Conflict(
            "Another namespace of this organization is named "
            f"{other.get('namespace_name') or name}.",
            code="namespace_name_taken",
            details={"field": "namespace_name"},
        )


def _require_idle(namespace: Namespace) -> None:
    blockers.require_not_deleting(namespace)
    blockers.require_not_moving(namespace)
    if namespace.clone_status in ("cloning", "deleting"):
        state = "cloned into" if namespace.clone_status == "cloning" else "deleted"
        raise Conflict(
            f"The namespace is being {state}; wait for the job to end.",
            code="namespace_busy",
            details={"task_id": namespace.clone_task_id},
        )


def _require_collection(plan: Plan, actual: ActualCollection) -> None:
    if not actual.exists and not plan.makes_collection:
        raise CollectionGone(
            "The collection of this namespace does not exist in Qdrant. "
            "Its drift page can create it again, empty."
        )


def _require_no_copy(actor: Actor, namespace: Namespace) -> None:
    """Raise Conflict while a clone reads the namespace: the clone must match it."""
    copying = blockers.copying_job(namespace.namespace_id)
    if copying is None:
        return
    if not blockers.may_know(actor, namespace, copying):
        raise Conflict(
            f"{blockers.COPYING} Its indexes and vectors can change once that "
            "has ended.",
            code="namespace_busy",
        )
    raise Conflict(
        f"This namespace is being cloned as {copying.namespace_name}; its indexes "
        "and vectors can change once that has ended.",
        code="namespace_busy",
        details={"task_id": str(copying.job_id)},
    )


def _require_vector_call(namespace: Namespace, plan: Plan) -> None:
    """Raise Conflict if the server is too old to add a vector to a live collection."""
    if not added_vectors(plan.steps):
        return
    version = probe.server_version(namespace)
    # A version that cannot be read is not refused here; Qdrant answers for itself.
    if versions.supports_new_vectors(version) is False:
        raise Conflict(
            f"Adding a vector to a collection needs Qdrant {versions.MINIMUM_TEXT}; "
            f"this one is {version}.",
            code="qdrant_too_old",
        )
