"""Changing where a namespace runs: sealing its key, checking the other cluster."""

from dataclasses import replace

from nsadmin.access.actor import Actor
from nsadmin.errors import Invalid
from nsadmin.namespaces.change import preflight
from nsadmin.namespaces.change.preflight_checks import Check
from nsadmin.namespaces.placement import clusters
from nsadmin.namespaces.plan.plan import Plan, apply_steps
from nsadmin.namespaces.plan.repair import (
    missing_collection,
    missing_indexes,
    missing_vectors,
)
from nsadmin.namespaces.plan.steps import PlanWarning
from nsadmin.namespaces.read import probe
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace, Raw

_MADE = PlanWarning(
    "The collection has no points, so it is made on the other cluster; the empty one "
    "on the cluster before stays."
)


def require_alone(plan: Plan) -> None:
    """Raise Invalid where a plan that moves a namespace changes its collection too.

    Its steps in Qdrant would be planned on one cluster and carried out on the other.
    """
    if plan.needs_qdrant:
        sentence = (
            "Where a namespace runs is changed alone: send its extractors and indexes "
            "before or afterwards."
        )
        raise Invalid.at("infrastructure", sentence)


def sealed_key_of(
    actor: Actor, namespace: Namespace, plan: Plan, infrastructure: Raw | None
) -> Raw | None:
    """Seal the key that the plan stores; None where it stores none.

    `infrastructure` is what was sent, with the key.
    """
    if any(step.stores_secret for step in plan.steps):
        return clusters.sealed_key(namespace, infrastructure or {}, actor.label)
    return None


def cluster_checks(
    actor: Actor, namespace: Namespace, plan: Plan, sealed: Raw | None
) -> tuple[Check, ...]:
    """Return the checks of the cluster where the plan would put the namespace."""
    after = document.read(apply_steps(namespace.raw, plan.steps, sealed=sealed))
    return preflight.run(actor, namespace, after)


def with_collection(
    namespace: Namespace, plan: Plan, sealed: Raw | None, checks: tuple[Check, ...]
) -> Plan:
    """Return a plan that moves, with what an empty collection lacks where it goes.

    The steps wait in the document that names the other cluster, so they are carried out
    there. A collection with points is never made: its points would be left behind.
    """
    if not any(check.is_empty for check in checks):
        return plan
    after = document.read(apply_steps(namespace.raw, plan.steps, sealed=sealed))
    seen = probe.actual_collection(after)
    made = missing_collection(after, seen) or [
        *missing_vectors(after, seen),
        *missing_indexes(after, seen),
    ]
    warned = plan.warnings if seen.exists else (*plan.warnings, _MADE)
    return replace(plan, steps=(*plan.steps, *made), warnings=warned)
