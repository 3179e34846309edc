"""Creating a namespace: plan, audit the attempt, insert, then carry out in Qdrant.

The document is inserted with its pending Qdrant steps, so the recovery sweep finishes
them after a crash; a crash before the insert leaves nothing.
"""

from uuid import UUID, uuid4

from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.models import Plan as Subscription
from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import require
from nsadmin.audit import record
from nsadmin.audit.models import Outcome as Ending
from nsadmin.errors import (
    Conflict,
    Invalid,
    NotEnabled,
    NsadminError,
    PlanChanged,
    Unavailable,
)
from nsadmin.namespaces.change import commit, preflight, quota
from nsadmin.namespaces.change.commit import Outcome, Preview
from nsadmin.namespaces.change.compare_and_set import accepted_document
from nsadmin.namespaces.lifecycle.availability import (
    collection_taken,
    require_few_refusals,
    require_free,
)
from nsadmin.namespaces.placement.clusters import (
    collection_key,
    new_cluster_facts,
    seal_key,
    shared_name_error,
)
from nsadmin.namespaces.plan.creation import blank, creation_plan
from nsadmin.namespaces.plan.plan import Plan
from nsadmin.namespaces.plan.steps import INFRASTRUCTURE
from nsadmin.namespaces.read import probe, queries
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.creation import NewNamespace
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.infrastructure import SEALED_FIELD
from nsadmin.stores.mongo import namespaces as store

ACTION = "namespace:create"


def op_id_of(operation: UUID) -> str:
    """Return the id of a creation in the audit and in the document."""
    return f"op_{operation.hex}"


def preview(
    actor: Actor, request: NewNamespace, *, operation: UUID | None = None
) -> Preview:
    """Return the plan that would create the namespace; nothing is written."""
    namespace, plan = _planned(actor, request, operation or uuid4())
    require_free(namespace)
    quota.require_quota(actor.internal_id, actor.plan)
    is_silent = False
    try:
        _require_no_collection(namespace)
    except Unavailable:
        is_silent = True
    return Preview(queries.view_of(namespace), plan, qdrant_silent=is_silent)


def create(
    actor: Actor,
    request: NewNamespace,
    *,
    operation: UUID | None = None,
    digest: str | None = None,
) -> Outcome:
    """Create the namespace.

    `operation` makes this idempotent: repeated with the same id, after a crash or a
    lost answer, it returns the namespace that was created the first time.

    Raises Forbidden without the permission, NotEnabled or QuotaExceeded if the
    subscription does not allow it, PlanChanged if `digest` is another plan's, Conflict
    for a name, id or collection that is taken, Unavailable before anything is written
    if Qdrant does not answer.
    """
    operation = operation or uuid4()
    op_id = op_id_of(operation)
    namespace, plan = _planned(actor, request, operation)
    inserted = _inserted_by(op_id, namespace.namespace_id)
    if inserted is not None:
        return commit.finish(inserted, plan, op_id)
    if digest is not None and digest != plan.digest:
        raise PlanChanged(
            "The plan has changed since it was shown.",
            details={"plan": plan.to_json()},
        )
    require_free(namespace)
    _require_no_collection(namespace)
    raw = accepted_document(namespace, plan, op_id)
    raw["created_at"] = raw["updated_at"]
    _attempt(actor, namespace, plan, op_id)
    try:
        with quota.reserve_quota(actor.internal_id, actor.plan):
            _insert(raw, op_id)
    except Unavailable:
        raise  # perhaps inserted: the sweep closes the attempt
    except NsadminError as refused:
        record.close(op_id, Ending.REFUSED, error=refused.message)
        raise
    return commit.finish(raw, plan, op_id)


def _planned(
    actor: Actor, request: NewNamespace, operation: UUID
) -> tuple[Namespace, Plan]:
    """Return the new namespace before its steps, and its plan."""
    require(actor, Action.NAMESPACE_CREATE)
    if request.scope == "system":
        require(actor, Action.NAMESPACE_SYSTEM)
    if request.infrastructure is not None and actor.plan != Subscription.ENTERPRISE:
        raise NotEnabled(
            "Custom infrastructure needs the Enterprise subscription.",
            details={"resource": "infrastructure", "tier": actor.plan},
        )
    if request.namespace_id is not None:
        require_few_refusals(actor.internal_id)
    namespace_id = request.namespace_id or f"ns_{operation.hex[:16]}"
    raw = blank(
        request,
        namespace_id=namespace_id,
        internal_id=actor.internal_id,
        facts=new_cluster_facts(actor.internal_id, request.infrastructure or {}),
        now=timezone.now(),
    )
    _set_placement(raw, request.infrastructure or {})
    namespace = document.read(raw)
    _require_own_name(actor, namespace)
    return namespace, creation_plan(namespace, request)


def _require_own_name(actor: Actor, namespace: Namespace) -> None:
    """Raise Invalid for a collection name that others may use on the shared cluster.

    The answer does not depend on whether they do use it.
    """
    if namespace.tier != "shared":
        return
    sentence = shared_name_error(
        namespace.collection, namespace.namespace_id, actor.organization_id
    )
    if sentence:
        at = f"{INFRASTRUCTURE}qdrant_collection"
        raise Invalid.at(at, sentence)


def _set_placement(raw: Raw, sent: Raw) -> None:
    """Add the cluster's sealed key and the collection key to the document."""
    infrastructure = raw["infrastructure"]
    if infrastructure["compute_tier"] != "shared":
        infrastructure[SEALED_FIELD] = seal_key(
            sent["qdrant_api_key"],
            internal_id=raw["internal_id"],
            namespace_id=raw["_id"],
            url=infrastructure["qdrant_url"],
        )
    raw["collection_key"] = collection_key(raw)


def _inserted_by(op_id: str, namespace_id: str) -> Raw | None:
    """Return the document if this operation has inserted it before."""
    raw = store.get(namespace_id)
    return raw if raw is not None and document.has_operation(raw, op_id) else None


def _require_no_collection(namespace: Namespace) -> None:
    """Raise Conflict if the collection exists, Unavailable if Qdrant is silent."""
    if namespace.tier != "shared":
        preflight.require(preflight.run_new(namespace))
    if probe.actual_collection(namespace).exists:
        require_free(namespace)  # a concurrent creation may have taken name or id too
        raise collection_taken()


def _insert(raw: Raw, op_id: str) -> None:
    """Insert the document; if the answer is lost, read whether it was inserted."""
    try:
        store.insert(raw)
    except (Conflict, Unavailable):
        if _inserted_by(op_id, raw["_id"]) is not None:
            return
        # It tells more than the store, such as the name as it was written.
        require_free(document.read(raw))
        raise


def _attempt(actor: Actor, namespace: Namespace, plan: Plan, op_id: str) -> None:
    sentence = f"Create “{namespace.name}”."
    first = {
        "field": "namespace_name",
        "before": None,
        "after": namespace.name,
        "sentence": sentence,
    }
    record.attempt(
        op_id=op_id,
        action=ACTION,
        summary=" ".join([sentence, *(step.sentence() for step in plan.steps)]),
        actor=actor,
        organization_id=actor.organization_id,
        namespace_id=namespace.namespace_id,
        namespace_name=namespace.name,
        revision=1,
        changes=[first, *plan.to_json()["steps"]],
    )
