"""Change requests and their plans. Pure.

A plan is an ordered list of steps with warnings about their cost.
"""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from nsadmin.access.permissions import Action
from nsadmin.errors import PlanChanged
from nsadmin.namespaces.plan.desired import ActualCollection
from nsadmin.namespaces.plan.infrastructure_steps import NO_FACTS, ClusterFacts
from nsadmin.namespaces.plan.steps import PlanWarning, Step, in_qdrant
from nsadmin.namespaces.schema.document import Namespace, Raw


@dataclass(frozen=True, slots=True)
class Plan:
    """Ordered steps, warnings, and the revision of the document it was made from."""

    namespace_id: str
    revision: int
    steps: tuple[Step, ...]
    warnings: tuple[PlanWarning, ...] = ()

    @classmethod
    def of(
        cls,
        namespace: Namespace,
        steps: Iterable[Step],
        actual: ActualCollection | None = None,
    ) -> "Plan":
        """Return the plan of these steps, with their warnings."""
        steps = tuple(steps)
        return cls(
            namespace.namespace_id,
            namespace.revision,
            steps,
            tuple(plan_warnings(steps, actual)),
        )

    @property
    def digest(self) -> str:
        """Hash of the steps with their old values; the revision is not part of it."""
        written = json.dumps(
            [step.to_json() for step in self.steps], sort_keys=True, default=str
        )
        return hashlib.sha256(written.encode()).hexdigest()[:32]

    def require_digest(self, digest: str) -> None:
        """Raise PlanChanged unless this is the plan of the digest."""
        if digest != self.digest:
            raise PlanChanged(
                "The digest does not match the plan: the namespace has changed, or the "
                "request is a different one.",
                details={"plan": self.to_json()},
            )

    @property
    def is_empty(self) -> bool:
        """Whether there are no steps."""
        return not self.steps

    @property
    def needs_qdrant(self) -> bool:
        """Whether the plan has steps in Qdrant, which must then answer to a commit."""
        return bool(in_qdrant(self.steps))

    @property
    def makes_collection(self) -> bool:
        """Whether the first step in Qdrant creates the collection."""
        return any(step.creates_collection for step in in_qdrant(self.steps)[:1])

    @property
    def moves(self) -> bool:
        """Whether the namespace gets another cluster, or another key for it."""
        return any(step.moves for step in self.steps)

    def to_json(self) -> Raw:
        """Return the plan as data for the API and the audit, without secrets."""
        return {
            "namespace_id": self.namespace_id,
            "revision": self.revision,
            "digest": self.digest,
            "steps": [step.public_json() for step in self.steps],
            "warnings": [
                {"sentence": w.sentence, "needs_tick": w.needs_tick}
                for w in self.warnings
            ],
        }


class ChangeRequest(ABC):
    """A request to change a namespace. Subclasses are frozen dataclasses.

    `asks_qdrant` says whether the plan needs the state of the collection: `if_touched`
    asks Qdrant only if the plan made without it has steps in Qdrant.
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
        """Return the plan; raise Invalid or Conflict if there can be none.

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
        """The sent infrastructure values; None if there are none."""
        return None

    @property
    def new_name(self) -> str | None:
        """The new name of the namespace; None to keep the old one."""
        return None

    @property
    def must_ask_qdrant(self) -> bool:
        """Whether no plan can be made without Qdrant's answer."""
        return self.asks_qdrant == "always"

    @property
    def pauses_writes(self) -> bool:
        """Whether writes pause at the end of a move, so that it misses none."""
        return False

    @property
    def evidence(self) -> str:
        """The reason for an automatic request, for the audit; empty for people's."""
        return ""

    @property
    def reverts(self) -> str:
        """The id of the operation that is reverted; empty if there is none."""
        return ""


def apply_steps(raw: Raw, steps: Sequence[Step], *, sealed: Raw | None = None) -> Raw:
    """Return the document with the steps applied; `raw` itself is not changed.

    `sealed` is the sealed secret for a step that stores one.
    """
    after = dict(raw)
    for step in steps:
        after = step.apply(after, sealed=sealed)
    return after


def reconcile_unmanaged(
    steps: Sequence[Step], actual: ActualCollection | None
) -> list[Step]:
    """Return the steps, adapted to indexes in Qdrant that no document declares.

    Another program may have created an index directly. A plan that declares an index on
    its field keeps parameters that this program does not know, and first drops an index
    that differs.
    """
    if actual is None:
        return list(steps)
    dropped: dict[str, Raw] = {}
    reconciled: list[Step] = []
    for step in steps:
        dropped.update(step.dropped_index)
        reconciled += step.reconcile(actual, dropped)
    return reconciled


def plan_warnings(
    steps: Sequence[Step], actual: ActualCollection | None
) -> list[PlanWarning]:
    """Return the warnings of all steps; with counts if Qdrant answered."""
    warnings = _missing_vectors(steps, actual)
    for step in steps:
        warnings += step.warnings(actual)
    return warnings


def added_vectors(steps: Iterable[Step]) -> list[str]:
    """Return the names of the vectors that are added to a live collection."""
    return [name for step in steps for name in step.added_vectors]


def _missing_vectors(
    steps: Sequence[Step], actual: ActualCollection | None
) -> list[PlanWarning]:
    """Return one warning for all new vectors: no point has them yet."""
    names = added_vectors(steps)
    if not names or (actual is not None and not actual.points):
        return []
    count = "Every point" if actual is None else f"{actual.points:,} points"
    if actual is not None and actual.points == 1:
        count = "One point"
    one = len(names) == 1
    listed = names[0] if one else f"{', '.join(names[:-1])} and {names[-1]}"
    return [
        PlanWarning(
            f"{count} will lack {listed} until their collections are processed again; "
            f"searches by {'it' if one else 'them'} find nothing before then."
        )
    ]
