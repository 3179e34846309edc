"""A change of where a namespace runs: what it seals and what is looked at before it."""

from nsadmin.access.actor import Actor
from nsadmin.errors import Invalid
from nsadmin.namespaces import document, placement, preflight
from nsadmin.namespaces.applied import applied
from nsadmin.namespaces.document import Namespace, Raw
from nsadmin.namespaces.fields import NamespacePatch
from nsadmin.namespaces.plan import Plan
from nsadmin.namespaces.preflight import Check
from nsadmin.namespaces.steps import SetSecret


def require_alone(plan: Plan) -> None:
    """Raise Invalid where a plan moves a namespace and changes its collection too.

    Its steps in Qdrant would be planned on one cluster and carried out on the other.
    """
    if plan.moves and plan.needs_qdrant:
        sentence = (
            "Where a namespace runs is changed alone: send its extractors and indexes "
            "before or afterwards."
        )
        raise Invalid(sentence, faults={"infrastructure": [sentence]})


def sealed_of(
    actor: Actor, namespace: Namespace, plan: Plan, patch: NamespacePatch
) -> Raw | None:
    """Seal the key that the plan stores; None where it stores none."""
    if any(isinstance(step, SetSecret) and step.after for step in plan.steps):
        given = patch.infrastructure or {}
        return placement.sealed_key(namespace, given, actor.label)
    return None


def checks(
    actor: Actor, namespace: Namespace, plan: Plan, sealed: Raw | None
) -> tuple[Check, ...]:
    """Look at what a plan that moves depends on; nothing for any other plan."""
    if not plan.moves:
        return ()
    after = document.read(applied(namespace.raw, plan.steps, sealed=sealed))
    return preflight.run(actor, namespace, after)
