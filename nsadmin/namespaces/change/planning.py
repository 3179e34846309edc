"""Making the plan of a change request, with the state of Qdrant if it is needed."""

from dataclasses import dataclass, field

from nsadmin.access.actor import Actor
from nsadmin.errors import Unavailable
from nsadmin.namespaces.change.preflight_checks import Check
from nsadmin.namespaces.change.relocation import Relocation, require_alone
from nsadmin.namespaces.placement.sent_infrastructure import SentInfrastructure
from nsadmin.namespaces.plan.desired import ActualCollection
from nsadmin.namespaces.plan.patch_request import PatchRequest
from nsadmin.namespaces.plan.plan import ChangeRequest, Plan, apply_steps
from nsadmin.namespaces.plan.readable import require_readable
from nsadmin.namespaces.read import probe
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.patch import NamespacePatch

_IN_PARTS = {
    "infrastructure",
    "feature_extractors",
    "payload_indexes",
    "muted_auto_indexes",
    "vector_inference_map",
}


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """A plan and the data that it was made with.

    `actual` is the state of the collection, None if Qdrant was not asked or did not
    answer. `sealed` is a secret that the plan stores. `checks` are those of the cluster
    where the namespace would run, `wanted` is the namespace as it would be there.
    """

    plan: Plan
    actual: ActualCollection | None
    sealed: Raw | None = field(default=None, repr=False)
    checks: tuple[Check, ...] = ()
    wanted: Namespace | None = field(default=None, repr=False)

    @property
    def moves_points(self) -> bool:
        """Whether a job has to move the points, so that the change is not done now."""
        return any(check.moves_points for check in self.checks)

    @property
    def is_back(self) -> bool:
        """Whether the job goes to what an earlier move left behind."""
        return any(check.is_back for check in self.checks)

    @property
    def changes_collection(self) -> bool:
        """Whether the plan changes the collection on the present cluster."""
        return self.plan.needs_qdrant and not self.plan.moves


def as_request(request: ChangeRequest | NamespacePatch) -> ChangeRequest:
    """Return the request; a bare patch becomes the request to carry it out."""
    return PatchRequest(request) if isinstance(request, NamespacePatch) else request


def plan_change(
    actor: Actor, namespace: Namespace, request: ChangeRequest
) -> PlannedChange:
    """Return the plan; if it moves the namespace, with checks of the other cluster.

    Raises Conflict if the plan builds on a part of the document that cannot be read.
    """
    plan, actual = build_plan(namespace, request)
    require_readable(namespace, _built_on(plan))
    if not plan.moves:
        return PlannedChange(plan, actual)
    move = Relocation(actor, namespace, plan, request.infrastructure)
    return PlannedChange(
        move.whole_plan, actual, move.sealed_key, move.checks, wanted=move.after
    )


def _built_on(plan: Plan) -> set[str]:
    """Return the fields of the document that the plan changes in part, or relies on.

    A plain field is replaced whole, whatever it was.
    """
    # What the steps make of an empty document are the fields that they change.
    fields = _IN_PARTS & set(apply_steps({}, plan.steps, sealed={}))
    if "payload_indexes" in fields:  # automatic indexes on its field are allowed again
        fields.add("muted_auto_indexes")
    if plan.needs_qdrant or plan.moves:
        fields |= {"infrastructure", "feature_extractors", "payload_indexes"}
    return fields


def build_plan(
    namespace: Namespace, request: ChangeRequest
) -> tuple[Plan, ActualCollection | None]:
    """Return the plan and the state of the collection.

    The state is None if Qdrant was not asked or did not answer. Qdrant is asked only if
    the plan depends on it or has steps in it.
    """
    facts = SentInfrastructure(namespace, request.infrastructure).facts
    actual: ActualCollection | None = None
    if request.must_ask_qdrant:
        actual = probe.actual_collection(namespace)
    plan = request.plan(namespace, actual, facts)
    if plan.moves:
        require_alone(plan)
    if actual is not None or request.asks_qdrant == "never" or not plan.needs_qdrant:
        return plan, actual
    try:
        actual = probe.actual_collection(namespace)
    except Unavailable:
        return plan, None
    return request.plan(namespace, actual, facts), actual
