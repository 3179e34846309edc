"""An index that the program adds by itself, where a namespace allows it. Pure."""

from dataclasses import dataclass

from nsadmin.errors import Conflict, Invalid
from nsadmin.namespaces.plan.desired import ActualCollection, required_indexes
from nsadmin.namespaces.plan.plan import Plan
from nsadmin.namespaces.plan.steps import CreateIndex
from nsadmin.namespaces.plan.unmanaged import reconcile_unmanaged
from nsadmin.namespaces.plan.warnings import plan_warnings
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.limits import MAX_INDEXES
from nsadmin.namespaces.schema.payload_indexes import PROTECTED_INDEXES


@dataclass(frozen=True, slots=True)
class AutoIndex:
    """One index to add, and the sentence of evidence that the audit keeps."""

    field: str
    schema: Raw
    evidence: str


def auto_index_plan(
    namespace: Namespace, wanted: AutoIndex, seen: ActualCollection | None
) -> Plan:
    """Return the plan that adds the index; empty where the field has one already.

    Raises Conflict where the namespace did not ask for it or does not want this one.
    """
    fixed = {**PROTECTED_INDEXES, **required_indexes(namespace)}
    present = {index.field_name for index in namespace.indexes} | set(fixed)
    if wanted.field in present:
        return Plan(namespace.namespace_id, namespace.revision, ())
    if not namespace.auto_create_indexes:
        raise Conflict("Automatic index creation is off.", code="auto_off")
    if wanted.field in (namespace.raw.get("muted_auto_indexes") or []):
        raise Conflict("Somebody dropped this automatic index.", code="auto_muted")
    if len(present) >= MAX_INDEXES:
        sentence = f"The budget of {MAX_INDEXES} payload indexes is used up."
        raise Invalid.at("payload_indexes", sentence)
    built = CreateIndex(wanted.field, dict(wanted.schema), "auto")
    steps = tuple(reconcile_unmanaged([built], seen))
    return Plan(
        namespace.namespace_id,
        namespace.revision,
        steps,
        tuple(plan_warnings(steps, seen)),
    )
