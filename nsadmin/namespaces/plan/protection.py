"""The request to turn protection from deletion on or off. Pure."""

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
    """The request to protect the namespace from deletion, or to stop that."""

    asks_qdrant: ClassVar[Literal["never"]] = "never"
    protect: bool

    def plan(
        self,
        namespace: Namespace,
        actual: ActualCollection | None = None,
        facts: ClusterFacts = NO_FACTS,
    ) -> Plan:
        """Return the plan that sets or removes the protection; empty if unchanged."""
        before = namespace.is_protected
        steps = [SetField("protected", before, self.protect)]
        return Plan.of(namespace, steps if before != self.protect else [])

    @property
    def action(self) -> Action:
        """The permission: the same as for deleting the namespace."""
        return Action.NAMESPACE_DELETE
