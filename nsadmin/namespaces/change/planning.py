"""From what is wanted to a plan, with what Qdrant shows where that matters."""

from collections.abc import Callable

from nsadmin.access.permissions import Action
from nsadmin.errors import Unavailable
from nsadmin.namespaces.change import relocation
from nsadmin.namespaces.placement import clusters
from nsadmin.namespaces.plan.auto_index import AutoIndex, auto_index_plan
from nsadmin.namespaces.plan.desired import ActualCollection
from nsadmin.namespaces.plan.plan import Plan, make_plan, repair_plan
from nsadmin.namespaces.plan.protection import Protection, protection_plan
from nsadmin.namespaces.plan.repair import Repair
from nsadmin.namespaces.plan.revert import Revert, revert_plan
from nsadmin.namespaces.read import probe
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.patch import NamespacePatch

ChangeRequest = NamespacePatch | Repair | AutoIndex | Protection | Revert


def required_action(wanted: ChangeRequest) -> Action:
    if (
        isinstance(wanted, NamespacePatch | Revert)
        and wanted.infrastructure is not None
    ):
        return Action.NAMESPACE_INFRASTRUCTURE
    lifts = isinstance(wanted, Revert) and wanted.lifts_protection
    if isinstance(wanted, Protection) or lifts:
        return Action.NAMESPACE_DELETE
    return Action.NAMESPACE_UPDATE


def build_plan(
    namespace: Namespace, wanted: ChangeRequest
) -> tuple[Plan, ActualCollection | None]:
    """Plan the patch or the repair with what Qdrant shows.

    Qdrant is only asked where the plan depends on it or touches it.
    """
    if isinstance(wanted, Protection):
        return protection_plan(namespace, wanted), None
    if isinstance(wanted, Repair):
        seen = probe.actual_collection(namespace)
        return repair_plan(namespace, seen, wanted), seen
    if isinstance(wanted, AutoIndex):
        seen = probe.actual_collection(namespace)
        return auto_index_plan(namespace, wanted, seen), seen
    if isinstance(wanted, Revert):
        undo = wanted
        return _asking_if_touched(
            namespace, lambda seen: revert_plan(namespace, undo, seen)
        )
    patch = wanted
    told = clusters.cluster_facts(namespace, patch.infrastructure or {})

    def plan(seen: ActualCollection | None) -> Plan:
        made = make_plan(namespace, patch, seen=seen, told=told)
        relocation.require_alone(made)
        return made

    if patch.repair_vectors:
        seen = probe.actual_collection(namespace)
        return plan(seen), seen
    return _asking_if_touched(namespace, plan)


def _asking_if_touched(
    namespace: Namespace, plan: Callable[[ActualCollection | None], Plan]
) -> tuple[Plan, ActualCollection | None]:
    """Plan without Qdrant; ask it and plan again only where the plan touches it."""
    blind = plan(None)
    if not blind.needs_qdrant:
        return blind, None
    try:
        seen = probe.actual_collection(namespace)
    except Unavailable:
        return blind, None
    return plan(seen), seen
