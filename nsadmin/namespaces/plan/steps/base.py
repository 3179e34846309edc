"""The interfaces of a step and of a collection that steps write to. Pure."""

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
    """A consequence of a plan; with `needs_tick` a person must consent to it."""

    sentence: str
    needs_tick: bool = False


class CollectionWriter(Protocol):
    """The calls by which a step changes one live collection.

    Calls that build in the background return False while the build is running.
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

    @property
    def needs_delete(self) -> bool:
        """Whether going back needs the permission to delete the namespace."""
        return False

    def then(self, later: "Transition") -> "Transition":
        """Return the transition from before this one to after `later`."""
        return replace(self, after=later.after, sentence=later.sentence)

    @abstractmethod
    def steps_back(self, namespace: Namespace) -> "list[Step]":
        """Return the steps that restore the old value; none if it is restored already.

        Raises Conflict if a later change set the value to something else.
        """

    def changed_since(self, now: str) -> Conflict:
        """Return the error for a value that a later change has changed.

        `now` describes the present value, as the end of a sentence.
        """
        return Conflict(
            f"A later change touched the same value: since “{self.sentence}” {now}. "
            "Edit the current value instead.",
            code="changed_since",
        )


class Step(ABC):
    """One part of a plan. Subclasses are frozen dataclasses.

    The default methods have no effect; each kind of step overrides a few of them.
    """

    __slots__ = ()
    kind: ClassVar[str]
    store: ClassVar[Store]

    @abstractmethod
    def sentence(self) -> str:
        """Return the description of the step, one sentence for people."""

    def hint(self) -> str:
        """Return a remark that needs no consent; empty if there is none."""
        return ""

    def comparison(self, dropped: Mapping[str, Raw]) -> tuple[str, str]:
        """Return the old and new text to show side by side; empty if there is none.

        `dropped` maps a field to the index that an earlier step of the plan drops.
        """
        return "", ""

    # Its effect on the document ------------------------------------------------------

    def apply(self, document: Raw, *, sealed: Raw | None = None) -> Raw:
        """Return the document with the step applied; `document` is not changed.

        `sealed` is the sealed secret for a step that stores one.
        """
        return document

    @property
    def moves(self) -> bool:
        """Whether the namespace gets another cluster, or another key for it."""
        return False

    @property
    def stores_secret(self) -> bool:
        """Whether the step stores a sealed secret."""
        return False

    # Its effect on the collection ----------------------------------------------------

    def execute(self, collection: CollectionWriter) -> bool:
        """Carry out the step; return False while Qdrant is still building."""
        raise NotImplementedError(self.kind)

    def rest_call(self, collection: str) -> tuple[str, Raw | None]:
        """Return the call of Qdrant that carries it out: method with path, and body."""
        return "", None

    def is_done(self, actual: ActualCollection) -> bool:
        """Tell whether the effect of the step is visible in Qdrant.

        Raises UpstreamError if it can never become visible.
        """
        raise NotImplementedError(self.kind)

    @property
    def must_be_recorded(self) -> bool:
        """Whether its completion is recorded before the next step begins."""
        return False

    @property
    def builds_index(self) -> bool:
        """Whether the step builds a payload index."""
        return False

    @property
    def creates_collection(self) -> bool:
        """Whether the step creates the collection."""
        return False

    @property
    def added_vectors(self) -> Mapping[str, tuple[int, str]]:
        """The vectors {name: (size, distance)} that are added to a live collection."""
        return {}

    @property
    def dropped_index(self) -> Mapping[str, Raw]:
        """The index {field: schema} that the step drops."""
        return {}

    def indexes_after(self, fields: set[str]) -> set[str]:
        """Return the indexed fields after the step; `fields` are those before it."""
        return fields

    def vectors_after(self, names: set[str]) -> set[str]:
        """Return the names of vectors after the step; `names` are those before it."""
        return names

    def reconcile(
        self, actual: ActualCollection, dropped: Mapping[str, Raw]
    ) -> "list[Step]":
        """Return the steps to use given undeclared indexes in Qdrant.

        `dropped` maps fields to the indexes that earlier steps of the plan drop.
        """
        return [self]

    # Its cost, and reverting it ------------------------------------------------------

    def warnings(self, actual: ActualCollection | None) -> list[PlanWarning]:
        """Return the consequences; with counts if Qdrant answered."""
        return []

    @property
    def transition(self) -> Transition | None:
        """The change of the document that can be reverted; None if there is none."""
        return None

    @property
    def stays(self) -> str:
        """The reason why the step cannot be reverted; empty if it can be."""
        return ""

    @property
    def is_reversible(self) -> bool:
        """Whether a revert of its operation can restore the old value."""
        return self.transition is not None

    # Written down --------------------------------------------------------------------

    def to_json(self) -> Raw:
        """Return the step as data that `kinds.from_json` reads."""
        return {"kind": self.kind, **asdict(self)}  # type: ignore[call-overload]

    def public_json(self) -> Raw:
        """Return the step for readers: without secrets, with its sentence."""
        return {**self.to_json(), "store": self.store, "sentence": self.sentence()}


def in_qdrant(steps: Iterable[Step]) -> list[Step]:
    """Return the steps that Qdrant carries out, in order."""
    return [step for step in steps if step.store == "Qdrant"]
