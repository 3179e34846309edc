"""Moving a namespace to another cluster: sealing its key, checking the cluster."""

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

_CREATED_THERE = PlanWarning(
    "The collection has no points, so it is created on the new cluster; the empty one "
    "on the old cluster stays."
)


def require_alone(plan: Plan) -> None:
    """Raise Invalid if a plan that moves a namespace changes its collection too.

    Its steps in Qdrant would be planned on one cluster and carried out on the other.
    """
    if plan.needs_qdrant:
        message = (
            "A change of tier or address cannot be combined with others: change "
            "extractors and indexes before or afterwards."
        )
        raise Invalid.at("infrastructure", message)


def sealed_key_of(
    actor: Actor, namespace: Namespace, plan: Plan, infrastructure: Raw | None
) -> Raw | None:
    """Return the sealed key that the plan stores; None if it stores none.

    `infrastructure` holds the sent values, with the key.
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
    """Return the plan with steps that create an empty collection on the new cluster.

    The steps are pending in the document that names the new cluster, so they are
    carried out there. A collection with points is never created: its points would be
    left behind.
    """
    if not any(check.is_empty for check in checks):
        return plan
    after = document.read(apply_steps(namespace.raw, plan.steps, sealed=sealed))
    actual = probe.actual_collection(after)
    added = missing_collection(after, actual) or [
        *missing_vectors(after, actual),
        *missing_indexes(after, actual),
    ]
    warnings = plan.warnings if actual.exists else (*plan.warnings, _CREATED_THERE)
    return replace(plan, steps=(*plan.steps, *added), warnings=warnings)
