"""Making a namespace: planned, attempted, inserted, then Qdrant brought along.

The document is inserted with the steps that Qdrant still lacks, so a crash after it is
healed as that of any change is; a crash before it leaves nothing.
"""

from uuid import UUID, uuid4

from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.models import Plan as Bought
from nsadmin.access.organization.organizations import owner_of
from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import require
from nsadmin.audit import record
from nsadmin.audit.models import AuditEvent
from nsadmin.audit.models import Outcome as Ending
from nsadmin.errors import (
    Conflict,
    Invalid,
    NotEnabled,
    NsadminError,
    PlanChanged,
    Unavailable,
)
from nsadmin.namespaces.change import commit, preconditions, preflight, quota
from nsadmin.namespaces.change.commit import Outcome, Preview
from nsadmin.namespaces.change.compare_and_set import accepted_document
from nsadmin.namespaces.placement.clusters import (
    collection_key,
    seal_key,
    shared_name_error,
)
from nsadmin.namespaces.plan.creation import blank, creation_plan
from nsadmin.namespaces.plan.infrastructure_steps import ClusterFacts
from nsadmin.namespaces.plan.plan import Plan
from nsadmin.namespaces.plan.steps import INFRASTRUCTURE
from nsadmin.namespaces.read import probe, queries
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.creation import NewNamespace
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.infrastructure import SEALED_FIELD
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.ssrf_guard import destination

ACTION = "namespace:create"


def preview(
    actor: Actor, wanted: NewNamespace, *, operation: UUID | None = None
) -> Preview:
    """Return the steps that would make the namespace; nothing is written."""
    namespace, plan = _planned(actor, wanted, operation or uuid4())
    _require_free(namespace)
    quota.require_quota(actor.internal_id, actor.plan)
    silent = False
    try:
        _require_no_collection(namespace)
    except Unavailable:
        silent = True
    return Preview(queries.view_of(namespace), plan, qdrant_silent=silent)


def create(
    actor: Actor,
    wanted: NewNamespace,
    *,
    operation: UUID | None = None,
    digest: str | None = None,
) -> Outcome:
    """Make the namespace.

    `operation` names the act: doing the same act again, after a crash or a lost answer,
    gives the namespace that it made the first time.

    Raises Forbidden without the right, NotEnabled or QuotaExceeded where the plan says
    no, PlanChanged if `digest` names another plan, Conflict for a name, id or
    collection that is taken, Unavailable before anything is written if Qdrant does not
    answer.
    """
    operation = operation or uuid4()
    op_id = f"op_{operation.hex}"
    namespace, plan = _planned(actor, wanted, operation)
    made = _made(namespace.namespace_id, op_id)
    if made is not None:
        return commit.finish(made, plan, op_id)
    if digest is not None and digest != plan.digest:
        raise PlanChanged(
            "The plan is another than the one that was shown.",
            details={"plan": plan.to_json()},
        )
    _require_free(namespace)
    _require_no_collection(namespace)
    raw = accepted_document(namespace, plan, op_id)
    raw["created_at"] = raw["updated_at"]
    _attempt(actor, namespace, plan, op_id)
    try:
        with quota.reserve_quota(actor.internal_id, actor.plan):
            _insert(raw, op_id)
    except Unavailable:
        raise  # whether it was inserted is open, and the sweep finds out
    except NsadminError as refused:
        record.close(op_id, Ending.REFUSED, error=refused.message)
        raise
    return commit.finish(raw, plan, op_id)


def _planned(
    actor: Actor, wanted: NewNamespace, operation: UUID
) -> tuple[Namespace, Plan]:
    """Return the namespace as it would begin, and its steps."""
    require(actor, Action.NAMESPACE_CREATE)
    if wanted.scope == "system":
        require(actor, Action.NAMESPACE_SYSTEM)
    if wanted.infrastructure is not None and actor.plan != Bought.ENTERPRISE:
        raise NotEnabled(
            "Infrastructure of one's own needs the Enterprise plan.",
            details={"resource": "infrastructure", "tier": actor.plan},
        )
    namespace_id = wanted.namespace_id or f"ns_{operation.hex[:16]}"
    raw = blank(
        wanted,
        namespace_id=namespace_id,
        internal_id=actor.internal_id,
        told=_told(wanted.infrastructure or {}),
        now=timezone.now(),
    )
    _settle(raw, wanted.infrastructure or {})
    namespace = document.read(raw)
    _require_own_name(actor, namespace)
    return namespace, creation_plan(namespace, wanted)


def _require_own_name(actor: Actor, namespace: Namespace) -> None:
    """Raise Invalid for a name on the shared cluster that others could have as well.

    Whether they do is not looked at: the answer is the same.
    """
    if namespace.tier != "shared":
        return
    sentence = shared_name_error(
        namespace.collection, namespace.namespace_id, actor.organization_id
    )
    if sentence:
        at = f"{INFRASTRUCTURE}qdrant_collection"
        raise Invalid.at(at, sentence)


def _told(given: Raw) -> ClusterFacts:
    """Return the sent address in its normal form, or what is wrong with it."""
    url, key = given.get("qdrant_url"), "sent" if given.get("qdrant_api_key") else ""
    if not isinstance(url, str):
        return ClusterFacts(key=key)
    try:
        at = "infrastructure.qdrant_url"
        return ClusterFacts(url=destination(url, field=at).url, key=key)
    except Invalid as fault:
        return ClusterFacts(key=key, faults=fault.errors)


def _settle(raw: Raw, given: Raw) -> None:
    """Give the collection its place: which cluster, under which sealed key."""
    infrastructure = raw["infrastructure"]
    if infrastructure["compute_tier"] != "shared":
        infrastructure[SEALED_FIELD] = seal_key(
            given["qdrant_api_key"],
            internal_id=raw["internal_id"],
            namespace_id=raw["_id"],
            url=infrastructure["qdrant_url"],
        )
    raw["collection_key"] = collection_key(raw)


def _made(namespace_id: str, op_id: str) -> Raw | None:
    """Return the document that this very act has inserted, if it has."""
    raw = store.get(namespace_id)
    return raw if raw is not None and document.has_operation(raw, op_id) else None


def _require_free(namespace: Namespace) -> None:
    """Raise Conflict for what is taken; the unique indexes say so in the end."""
    preconditions.require_free_name(namespace.internal_id, namespace.name)
    # Read before the id: who comes in between takes that, and is told as such.
    holders = store.find_by_collection(namespace.collection)
    if store.get(namespace.namespace_id) is not None or _was_elsewhere(namespace):
        raise Conflict(
            "This id is taken.",
            code="namespace_id_taken",
            details={"field": "namespace_id"},
        )
    place = collection_key(namespace.raw)
    if any(collection_key(raw) == place for raw in holders):
        raise _collection_taken()


def _was_elsewhere(namespace: Namespace) -> bool:
    """Tell whether another organization had a namespace of that id, now deleted.

    What is known by id of the old one, its history and its use, is not the new one's.
    """
    owner = owner_of(namespace.internal_id)
    others = AuditEvent.objects.filter(namespace_id=namespace.namespace_id)
    if owner is not None:
        others = others.exclude(organization_id=owner.organization_id)
    return others.exclude(outcome__in=(Ending.REFUSED, Ending.FAILED)).exists()


def _collection_taken() -> Conflict:
    return Conflict(
        "A collection of that name exists already.",
        code="collection_taken",
        details={"field": "infrastructure.qdrant_collection"},
    )


def _require_no_collection(namespace: Namespace) -> None:
    """Ask Qdrant, which must answer, and must not have the collection."""
    if namespace.tier != "shared":
        preflight.require(preflight.run_new(namespace))
    if probe.actual_collection(namespace).exists:
        _require_free(namespace)  # who was faster may have taken more than that
        raise _collection_taken()


def _insert(raw: Raw, op_id: str) -> None:
    """Insert; where an answer is lost, the document tells whether it arrived."""
    try:
        store.insert(raw)
    except (Conflict, Unavailable):
        if _made(raw["_id"], op_id) is not None:
            return
        # Which of the unique values it was is not said by the store.
        _require_free(document.read(raw))
        raise


def _attempt(actor: Actor, namespace: Namespace, plan: Plan, op_id: str) -> None:
    said = f"Create “{namespace.name}”."
    first = {
        "field": "namespace_name",
        "before": None,
        "after": namespace.name,
        "sentence": said,
    }
    record.attempt(
        op_id=op_id,
        action=ACTION,
        summary=" ".join([said, *(step.sentence() for step in plan.steps)]),
        actor=actor,
        organization_id=actor.organization_id,
        namespace_id=namespace.namespace_id,
        namespace_name=namespace.name,
        revision=1,
        changes=[first, *plan.to_json()["steps"]],
    )
