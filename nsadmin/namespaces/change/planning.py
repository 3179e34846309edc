"""From what is wanted to a plan, with what Qdrant shows where that matters."""

from collections.abc import Callable

from nsadmin.access.permissions import Action
from nsadmin.errors import Unavailable
from nsadmin.namespaces.change import relocation
from nsadmin.namespaces.placement import clusters
from nsadmin.namespaces.plan.auto_index import Automatic, automatic_plan
from nsadmin.namespaces.plan.desired import Seen
from nsadmin.namespaces.plan.plan import Plan, make_plan, repair_plan
from nsadmin.namespaces.plan.protection import Protection, protection_plan
from nsadmin.namespaces.plan.repair import Repair
from nsadmin.namespaces.plan.revert import Undo, undo_plan
from nsadmin.namespaces.read import probe
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.patch import NamespacePatch

Wanted = NamespacePatch | Repair | Automatic | Protection | Undo


def action_of(wanted: Wanted) -> Action:
    if isinstance(wanted, NamespacePatch | Undo) and wanted.infrastructure is not None:
        return Action.NAMESPACE_INFRASTRUCTURE
    lifts = isinstance(wanted, Undo) and wanted.lifts_protection
    if isinstance(wanted, Protection) or lifts:
        return Action.NAMESPACE_DELETE
    return Action.NAMESPACE_UPDATE


def planned(namespace: Namespace, wanted: Wanted) -> tuple[Plan, Seen | None]:
    """Plan the patch or the repair with what Qdrant shows.

    Qdrant is only asked where the plan depends on it or touches it.
    """
    if isinstance(wanted, Protection):
        return protection_plan(namespace, wanted), None
    if isinstance(wanted, Repair):
        seen = probe.seen(namespace)
        return repair_plan(namespace, seen, wanted), seen
    if isinstance(wanted, Automatic):
        seen = probe.seen(namespace)
        return automatic_plan(namespace, wanted, seen), seen
    if isinstance(wanted, Undo):
        undo = wanted
        return _asking_if_touched(
            namespace, lambda seen: undo_plan(namespace, undo, seen)
        )
    patch = wanted
    told = clusters.told(namespace, patch.infrastructure or {})

    def plan(seen: Seen | None) -> Plan:
        made = make_plan(namespace, patch, seen=seen, told=told)
        relocation.require_alone(made)
        return made

    if patch.repair_vectors:
        seen = probe.seen(namespace)
        return plan(seen), seen
    return _asking_if_touched(namespace, plan)


def _asking_if_touched(
    namespace: Namespace, plan: Callable[[Seen | None], Plan]
) -> tuple[Plan, Seen | None]:
    """Plan without Qdrant; ask it and plan again only where the plan touches it."""
    blind = plan(None)
    if not blind.needs_qdrant:
        return blind, None
    try:
        seen = probe.seen(namespace)
    except Unavailable:
        return blind, None
    return plan(seen), seen
