"""Protection from deletion: a setting that an admin turns on and off. Pure."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from nsadmin.access.permissions import Action
from nsadmin.namespaces.plan.desired import ActualCollection
from nsadmin.namespaces.plan.infrastructure_steps import NO_FACTS, ClusterFacts
from nsadmin.namespaces.plan.plan import ChangeRequest, Plan
from nsadmin.namespaces.plan.steps import SetField
from nsadmin.namespaces.schema.document import Namespace


@dataclass(frozen=True, slots=True)
class Protection(ChangeRequest):
    """Whether the namespace is to be protected from deletion."""

    asks_qdrant: ClassVar[Literal["never"]] = "never"
    wanted: bool

    def plan(
        self,
        namespace: Namespace,
        actual: ActualCollection | None = None,
        facts: ClusterFacts = NO_FACTS,
    ) -> Plan:
        """Return the plan that sets or lifts the protection; empty if it is so."""
        before = namespace.is_protected
        steps = [SetField("protected", before, self.wanted)]
        return Plan.of(namespace, steps if before != self.wanted else [])

    @property
    def action(self) -> Action:
        """Those who may delete decide on the protection."""
        return Action.NAMESPACE_DELETE
