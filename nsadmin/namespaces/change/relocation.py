"""Moving a namespace to another cluster: sealing its key, checking the cluster."""

from dataclasses import dataclass, replace
from functools import cached_property

from django.conf import settings

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
from nsadmin.namespaces.schema.moving import place_words

_CREATED_THERE = PlanWarning(
    "The collection has no points, so it is created on the new cluster; the empty one "
    "on the old cluster stays."
)


def _warnings_of_job(now: Namespace, after: Namespace) -> tuple[PlanWarning, ...]:
    """Return the warnings of a plan whose points a job moves; they replace others."""
    old, new = place_words(now), place_words(after)
    days = settings.NSADMIN_MOVE_FALLBACK_DAYS
    kept = "1 day" if days == 1 else f"{days} days"
    return (
        PlanWarning(
            f"A job moves the points. Until it ends, searches and writes go to {old}, "
            "and nothing else of the namespace can be changed; then they go to "
            f"{new}. The collection on {old} is kept for {kept}, to move back."
        ),
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


@dataclass(frozen=True)
class Relocation:
    """A plan that moves a namespace, with its needs on the cluster where it goes.

    `infrastructure` holds the sent values, with the key. Each property is worked out
    once, when it is first asked for.
    """

    actor: Actor
    namespace: Namespace
    plan: Plan
    infrastructure: Raw | None

    @cached_property
    def sealed_key(self) -> Raw | None:
        """The sealed key that the plan stores; None if it stores none."""
        if any(step.stores_secret for step in self.plan.steps):
            sent = self.infrastructure or {}
            return clusters.sealed_key(self.namespace, sent, self.actor.label)
        return None

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """The checks of the cluster where the plan would put the namespace."""
        return preflight.run(self.actor, self.namespace, self.after)

    @cached_property
    def whole_plan(self) -> Plan:
        """The plan with steps that create an empty collection on the new cluster.

        The steps are pending in the document that names the new cluster, so they are
        carried out there. A collection with points is created by the job that moves
        them.
        """
        plan = self.plan
        if any(check.moves_points for check in self.checks):
            return replace(plan, warnings=_warnings_of_job(self.namespace, self.after))
        if not any(check.is_empty for check in self.checks):
            return plan
        actual = probe.actual_collection(self.after)
        added = missing_collection(self.after, actual) or [
            *missing_vectors(self.after, actual),
            *missing_indexes(self.after, actual),
        ]
        warnings = plan.warnings if actual.exists else (*plan.warnings, _CREATED_THERE)
        return replace(plan, steps=(*plan.steps, *added), warnings=warnings)

    @cached_property
    def after(self) -> Namespace:
        """The namespace as the plan would make it."""
        steps = self.plan.steps
        return document.read(
            apply_steps(self.namespace.raw, steps, sealed=self.sealed_key)
        )
