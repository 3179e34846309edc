"""What can be asked of a namespace: the requests that become plans. Pure."""

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

from nsadmin.access.permissions import Action
from nsadmin.namespaces.plan.desired import ActualCollection
from nsadmin.namespaces.plan.infrastructure_steps import NO_FACTS, ClusterFacts
from nsadmin.namespaces.plan.plan import Plan
from nsadmin.namespaces.schema.document import Namespace, Raw


class ChangeRequest(ABC):
    """A request to change a namespace. Subclasses are frozen dataclasses.

    `asks_qdrant` says whether the plan depends on what Qdrant shows: `if_touched` asks
    only where the plan made without it has steps for Qdrant.
    """

    __slots__ = ()
    asks_qdrant: ClassVar[Literal["never", "if_touched", "always"]] = "if_touched"

    @abstractmethod
    def plan(
        self,
        namespace: Namespace,
        actual: ActualCollection | None,
        facts: ClusterFacts = NO_FACTS,
    ) -> Plan:
        """Return the plan; raise Invalid or Conflict where there can be none.

        `actual` is None while Qdrant does not answer. `facts` are about the address
        and the key that the request sends.
        """

    @property
    def action(self) -> Action:
        """The permission that the request needs."""
        if self.infrastructure is not None:
            return Action.NAMESPACE_INFRASTRUCTURE
        return Action.NAMESPACE_UPDATE

    @property
    def infrastructure(self) -> Raw | None:
        """What the request says of the infrastructure; None for nothing."""
        return None

    @property
    def new_name(self) -> str | None:
        """The name that the namespace is to have; None to keep it."""
        return None

    @property
    def must_ask_qdrant(self) -> bool:
        """Whether there is no plan without Qdrant's answer."""
        return self.asks_qdrant == "always"

    @property
    def evidence(self) -> str:
        """Why it is asked for, as the audit keeps it; empty for people's requests."""
        return ""

    @property
    def reverts(self) -> str:
        """The operation that it takes back; empty for none."""
        return ""
