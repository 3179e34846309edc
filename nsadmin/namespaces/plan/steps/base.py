"""What every step can do, and what it needs from the outside to do it. Pure."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, Literal, Protocol

from nsadmin.errors import Conflict
from nsadmin.namespaces.plan.desired import ActualCollection
from nsadmin.namespaces.schema.document import Namespace, Raw

Store = Literal["namespace store", "Qdrant"]


@dataclass(frozen=True, slots=True)
class PlanWarning:
    """A consequence of a plan; `needs_tick` asks for consent of its own."""

    sentence: str
    needs_tick: bool = False


class CollectionWriter(Protocol):
    """The calls by which a step changes one live collection.

    Those that build in the background return False while the build goes on.
    """

    def create(self, namespace_id: str, vectors: Mapping[str, list[Any]]) -> bool:
        """Create the collection for this namespace; `vectors` is {name: [size, kind]}.

        Returns True.
        """

    def create_vector(self, name: str, size: int, distance: str) -> bool:
        """Add a named vector; returns True."""

    def create_index(self, field: str, schema: Raw) -> bool:
        """Build a payload index; returns whether it is complete."""

    def drop_index(self, field: str) -> bool:
        """Drop a payload index; returns whether it is gone."""


@dataclass(frozen=True, slots=True)
class Transition(ABC):
    """One value of the document before and after an operation, for reverting it.

    `name` is the field; `sentence` is the one of the step that made the change.
    """

    name: str
    before: Any
    after: Any
    sentence: str

    @property
    def subject(self) -> str:
        """The value that changes; transitions of one subject follow each other."""
        return self.name

    def then(self, later: "Transition") -> "Transition":
        """Return the transition from before this one to after `later`."""
        return replace(self, after=later.after, sentence=later.sentence)

    @abstractmethod
    def steps_back(self, namespace: Namespace) -> "list[Step]":
        """Return the steps that put the old value back; none where it is back already.

        Raises Conflict where a later change made something else of the value.
        """

    def changed_since(self, now: str) -> Conflict:
        """Return the error for a value that a later change made something else of."""
        return Conflict(
            f"A later change touched the same: since “{self.sentence}” {now}. "
            "Change it where it is now.",
            code="changed_since",
        )


class Step(ABC):
    """One part of a plan. Subclasses are frozen dataclasses.

    The defaults describe a step that changes nothing but its own effect: most steps
    override a few of them.
    """

    __slots__ = ()
    kind: ClassVar[str]
    store: ClassVar[Store]

    @abstractmethod
    def sentence(self) -> str:
        """Return what the step does, as one sentence for people."""

    def hint(self) -> str:
        """Return a remark that needs no consent; empty for none."""
        return ""

    def comparison(self, dropped: Mapping[str, Raw]) -> tuple[str, str]:
        """Return old and new text where reading them side by side helps.

        `dropped` maps a field to the index that an earlier step of the plan drops.
        """
        return "", ""

    # Its effect on the document ------------------------------------------------------

    def apply(self, document: Raw, *, sealed: Raw | None = None) -> Raw:
        """Return the document with the step accepted; the given one is not changed.

        `sealed` is the secret that a step stores: no step carries it.
        """
        return document

    @property
    def moves(self) -> bool:
        """Whether the namespace runs elsewhere, or reaches its cluster otherwise."""
        return False

    @property
    def stores_secret(self) -> bool:
        """Whether a sealed secret belongs to the step."""
        return False

    # Its effect on the collection ----------------------------------------------------

    def execute(self, collection: CollectionWriter) -> bool:
        """Carry the step out; False while Qdrant is still at it."""
        raise NotImplementedError(self.kind)

    def is_done(self, actual: ActualCollection) -> bool:
        """Tell whether Qdrant shows the effect.

        Raises UpstreamError where what is there instead can never become it.
        """
        raise NotImplementedError(self.kind)

    @property
    def must_be_recorded(self) -> bool:
        """Whether its end is recorded before the next step of the plan begins."""
        return False

    @property
    def creates_collection(self) -> bool:
        """Whether the step creates the collection."""
        return False

    @property
    def added_vectors(self) -> Mapping[str, tuple[int, str]]:
        """The vectors {name: (size, distance)} that a live collection gets."""
        return {}

    @property
    def dropped_index(self) -> Mapping[str, Raw]:
        """The index {field: schema} that the step takes away."""
        return {}

    def indexes_after(self, fields: set[str]) -> set[str]:
        """Return the fields with an index once the step is done."""
        return fields

    def vectors_after(self, names: set[str]) -> set[str]:
        """Return the names of vectors once the step is done."""
        return names

    def reconcile(
        self, actual: ActualCollection, dropped: Mapping[str, Raw]
    ) -> "list[Step]":
        """Return the steps that it takes beside what Qdrant has and no one declared.

        `dropped` is what earlier steps of the plan take away.
        """
        return [self]

    # What it costs, and the way back -------------------------------------------------

    def warnings(self, actual: ActualCollection | None) -> list[PlanWarning]:
        """Return the consequences; in numbers where Qdrant answered."""
        return []

    @property
    def transition(self) -> Transition | None:
        """What can be put back of the document; None where nothing can."""
        return None

    @property
    def stays(self) -> str:
        """Why the step cannot be reverted, as a sentence; empty where it can be."""
        return ""

    @property
    def is_reversible(self) -> bool:
        """Whether a revert of its operation can put back what the step changed."""
        return self.transition is not None

    # Written down --------------------------------------------------------------------

    def to_json(self) -> Raw:
        """Return the step as data that `kinds.from_json` reads."""
        return {"kind": self.kind, **asdict(self)}  # type: ignore[call-overload]

    def public_json(self) -> Raw:
        """Return the step as readers see it: without secrets, with its sentence."""
        return {**self.to_json(), "store": self.store, "sentence": self.sentence()}


def in_qdrant(steps: Iterable[Step]) -> list[Step]:
    """Return the steps that Qdrant carries out, in order."""
    return [step for step in steps if step.store == "Qdrant"]
