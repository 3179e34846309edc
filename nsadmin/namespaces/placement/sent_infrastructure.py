"""The infrastructure that a request sends, held against the namespace that has it."""

from dataclasses import dataclass

from nsadmin.namespaces.placement import clusters, entitlement
from nsadmin.namespaces.plan.infrastructure_steps import NO_FACTS, ClusterFacts
from nsadmin.namespaces.schema.document import Namespace, Raw


@dataclass(frozen=True, slots=True)
class SentInfrastructure:
    """The object `infrastructure` of a request; None for a request without one."""

    namespace: Namespace
    values: Raw | None

    @property
    def facts(self) -> ClusterFacts:
        """The facts that a plan needs about the sent address and key."""
        if self.values is None:
            return NO_FACTS
        return clusters.cluster_facts(self.namespace, self.values)

    def require_included(self) -> None:
        """Raise NotEnabled if the subscription does not include the change."""
        if self.values is not None:
            entitlement.require_infrastructure(self.namespace, self.values)
