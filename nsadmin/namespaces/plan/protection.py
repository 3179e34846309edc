"""Protection from deletion: a setting that an admin turns on and off. Pure."""

from dataclasses import dataclass

from nsadmin.namespaces.plan.plan import Plan
from nsadmin.namespaces.plan.steps import SetField
from nsadmin.namespaces.schema.document import Namespace


@dataclass(frozen=True, slots=True)
class Protection:
    """Whether the namespace is to be protected from deletion."""

    wanted: bool


def protection_plan(namespace: Namespace, protection: Protection) -> Plan:
    """Return the plan that protects a namespace or lifts that; empty if it is so."""
    before, after = namespace.is_protected, protection.wanted
    step = SetField("protected", before, after)
    steps = (step,) if before != after else ()
    return Plan(namespace.namespace_id, namespace.revision, steps)
