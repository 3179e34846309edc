"""The requests to add and to drop an automatic index, with their reason. Pure."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from nsadmin.errors import Conflict, Invalid
from nsadmin.namespaces.plan.desired import ActualCollection, required_indexes
from nsadmin.namespaces.plan.infrastructure_steps import NO_FACTS, ClusterFacts
from nsadmin.namespaces.plan.plan import ChangeRequest, Plan, reconcile_unmanaged
from nsadmin.namespaces.plan.steps import CreateIndex, DropIndex
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.limits import MAX_INDEXES
from nsadmin.namespaces.schema.payload_indexes import PROTECTED_INDEXES


@dataclass(frozen=True, slots=True)
class AutomaticIndex(ChangeRequest):
    """One index to add; `reason` is the evidence as a sentence, kept in the audit."""

    asks_qdrant: ClassVar[Literal["always"]] = "always"
    field: str
    schema: Raw
    reason: str

    def plan(
        self,
        namespace: Namespace,
        actual: ActualCollection | None,
        facts: ClusterFacts = NO_FACTS,
    ) -> Plan:
        """Return the plan that adds the index; empty if the field is already indexed.

        Raises Conflict if the namespace does not allow automatic indexes or if this one
        was dropped before.
        """
        fixed = {**PROTECTED_INDEXES, **required_indexes(namespace)}
        present = {index.field_name for index in namespace.indexes} | set(fixed)
        if self.field in present:
            return Plan.of(namespace, ())
        if not namespace.auto_create_indexes:
            raise Conflict("Automatic indexes are off.", code="auto_off")
        if self.field in namespace.muted_auto_indexes:
            raise Conflict(
                "This automatic index was dropped before.", code="auto_muted"
            )
        if len(present) >= MAX_INDEXES:
            message = f"The budget of {MAX_INDEXES} payload indexes is used up."
            raise Invalid.at("payload_indexes", message)
        index = CreateIndex(self.field, dict(self.schema), "auto")
        return Plan.of(namespace, reconcile_unmanaged([index], actual), actual)

    @property
    def evidence(self) -> str:
        """The reason, recorded in the audit."""
        return self.reason


@dataclass(frozen=True, slots=True)
class UselessIndex(ChangeRequest):
    """One automatic index to drop, as it holds too little; the field is then muted."""

    asks_qdrant: ClassVar[Literal["always"]] = "always"
    field: str
    reason: str

    def plan(
        self,
        namespace: Namespace,
        actual: ActualCollection | None,
        facts: ClusterFacts = NO_FACTS,
    ) -> Plan:
        """Return the plan that drops the index; empty if it is gone or a person's."""
        steps = [
            DropIndex(self.field, index.schema, index.origin)
            for index in namespace.indexes
            if index.field_name == self.field and index.origin == "auto"
        ]
        return Plan.of(namespace, steps, actual)

    @property
    def evidence(self) -> str:
        """The reason, recorded in the audit."""
        return self.reason
