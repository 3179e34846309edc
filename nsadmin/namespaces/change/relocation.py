"""A change of where a namespace runs: what it seals and what is looked at before it."""

from dataclasses import replace

from nsadmin.access.actor import Actor
from nsadmin.errors import Invalid
from nsadmin.namespaces.change import preflight
from nsadmin.namespaces.change.preflight import Check
from nsadmin.namespaces.placement import clusters
from nsadmin.namespaces.plan.apply import apply_steps
from nsadmin.namespaces.plan.plan import Plan
from nsadmin.namespaces.plan.repair import (
    missing_collection,
    missing_indexes,
    missing_vectors,
)
from nsadmin.namespaces.plan.steps import SetSecret
from nsadmin.namespaces.plan.warnings import PlanWarning
from nsadmin.namespaces.read import probe
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.patch import NamespacePatch

_MADE = PlanWarning(
    "The collection has no points, so it is made on the other cluster; the empty one "
    "on the cluster before stays."
)


def require_alone(plan: Plan) -> None:
    """Raise Invalid where a plan moves a namespace and changes its collection too.

    Its steps in Qdrant would be planned on one cluster and carried out on the other.
    """
    if plan.moves and plan.needs_qdrant:
        sentence = (
            "Where a namespace runs is changed alone: send its extractors and indexes "
            "before or afterwards."
        )
        raise Invalid.at("infrastructure", sentence)


def sealed_key_of(
    actor: Actor, namespace: Namespace, plan: Plan, patch: NamespacePatch
) -> Raw | None:
    """Seal the key that the plan stores; None where it stores none."""
    if any(isinstance(step, SetSecret) and step.after for step in plan.steps):
        given = patch.infrastructure or {}
        return clusters.sealed_key(namespace, given, actor.label)
    return None


def checks(
    actor: Actor, namespace: Namespace, plan: Plan, sealed: Raw | None
) -> tuple[Check, ...]:
    """Look at what a plan that moves depends on; nothing for any other plan."""
    if not plan.moves:
        return ()
    after = document.read(apply_steps(namespace.raw, plan.steps, sealed=sealed))
    return preflight.run(actor, namespace, after)


def with_collection(
    namespace: Namespace, plan: Plan, sealed: Raw | None, found: tuple[Check, ...]
) -> Plan:
    """Return a plan that moves, with what an empty collection lacks where it goes.

    The steps wait in the document that names the other cluster, so they are carried out
    there. A collection with points is never made: its points would be left behind.
    """
    if not any(check.is_empty for check in found):
        return plan
    after = document.read(apply_steps(namespace.raw, plan.steps, sealed=sealed))
    seen = probe.actual_collection(after)
    made = missing_collection(after, seen) or [
        *missing_vectors(after, seen),
        *missing_indexes(after, seen),
    ]
    warned = plan.warnings if seen.exists else (*plan.warnings, _MADE)
    return replace(plan, steps=(*plan.steps, *made), warnings=warned)
