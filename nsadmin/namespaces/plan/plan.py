"""Change requests and the plans that they become. Pure.

A plan is steps in order; with what they make of a document and what they cost.
"""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from nsadmin.access.permissions import Action
from nsadmin.namespaces.plan.desired import ActualCollection
from nsadmin.namespaces.plan.infrastructure_steps import NO_FACTS, ClusterFacts
from nsadmin.namespaces.plan.steps import PlanWarning, Step, in_qdrant
from nsadmin.namespaces.schema.document import Namespace, Raw


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in order, what to know before, and the revision that it was made from."""

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
        """Name the steps with their before-values; the revision is not part of it."""
        written = json.dumps(
            [step.to_json() for step in self.steps], sort_keys=True, default=str
        )
        return hashlib.sha256(written.encode()).hexdigest()[:32]

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not self.steps

    @property
    def needs_qdrant(self) -> bool:
        """Whether Qdrant has to answer before the plan may be accepted."""
        return bool(in_qdrant(self.steps))

    @property
    def makes_collection(self) -> bool:
        """Whether the collection is created first, where there is none."""
        return any(step.creates_collection for step in in_qdrant(self.steps)[:1])

    @property
    def moves(self) -> bool:
        """Whether the namespace would run elsewhere, or reach its cluster otherwise."""
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


def apply_steps(raw: Raw, steps: Sequence[Step], *, sealed: Raw | None = None) -> Raw:
    """Return the document once the steps are accepted; `raw` stays as it was.

    `sealed` is the secret that a step stores: no step carries it.
    """
    after = dict(raw)
    for step in steps:
        after = step.apply(after, sealed=sealed)
    return after


def reconcile_unmanaged(
    steps: Sequence[Step], actual: ActualCollection | None
) -> list[Step]:
    """Return the steps as they have to be beside what Qdrant has already.

    Another program may have created an index past us. A plan that declares its field
    keeps the parameters that we do not know, and drops first what cannot stay.
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
    """Return the cost of each step, in numbers where Qdrant answered."""
    warnings = _missing_vectors(steps, actual)
    for step in steps:
        warnings += step.warnings(actual)
    return warnings


def added_vectors(steps: Iterable[Step]) -> list[str]:
    """Return the names of the vectors that a live collection gets."""
    return [name for step in steps for name in step.added_vectors]


def _missing_vectors(
    steps: Sequence[Step], actual: ActualCollection | None
) -> list[PlanWarning]:
    """Say once for all new vectors that no point has them yet."""
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
            f"searches by {'it' if one else 'them'} find nothing before that."
        )
    ]
