"""Steps that create a collection and add named vectors to it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from nsadmin.errors import UpstreamError
from nsadmin.namespaces.plan.desired import ActualCollection
from nsadmin.namespaces.plan.steps.base import (
    CollectionWriter,
    PlanWarning,
    Step,
    Store,
)

_EMPTY = PlanWarning(
    "The points of the lost collection are gone. The new one is empty, and searches "
    "find nothing until the collections are processed again.",
    needs_tick=True,
)


@dataclass(frozen=True, slots=True)
class AddVector(Step):
    """Add a named vector to the live collection.

    `inference` is None where it is not known, and in steps that were written before
    it was kept.
    """

    kind: ClassVar[str] = "add_vector"
    store: ClassVar[Store] = "Qdrant"
    name: str
    size: int
    distance: str
    extractor_id: str
    inference: str | None = None

    def sentence(self) -> str:
        """Return what is added, and which inference service fills it where known."""
        shape = f"{self.size:,}, {self.distance}"
        service = f", inference service {self.inference}" if self.inference else ""
        return f"Add the vector {self.name} ({shape}{service})."

    def hint(self) -> str:
        """Return what a new vector means for the points."""
        return "No point is rewritten; size and distance cannot change later."

    def execute(self, collection: CollectionWriter) -> bool:
        """Add the vector."""
        return collection.create_vector(self.name, self.size, self.distance)

    def is_done(self, actual: ActualCollection) -> bool:
        """Tell whether the vector is there; one of another shape is an error."""
        shape = actual.vectors.get(self.name)
        if shape is not None and shape != (self.size, self.distance):
            size, distance = shape
            raise UpstreamError(
                f"{self.name} exists in Qdrant with {size:,} dimensions, {distance}."
            )
        return shape is not None

    @property
    def added_vectors(self) -> Mapping[str, tuple[int, str]]:
        """The vector itself."""
        return {self.name: (self.size, self.distance)}

    def vectors_after(self, names: set[str]) -> set[str]:
        """Return the names with this one."""
        return names | {self.name}


@dataclass(frozen=True, slots=True)
class CreateCollection(Step):
    """Create the collection of a namespace; `vectors` is {name: [size, distance]}.

    The collection carries the namespace's id, so that no other namespace takes it.
    """

    kind: ClassVar[str] = "create_collection"
    store: ClassVar[Store] = "Qdrant"
    namespace_id: str
    vectors: dict[str, list[Any]]

    def sentence(self) -> str:
        """Return which vectors the collection has."""
        shapes = [f"{n} ({s:,}, {d})" for n, (s, d) in self.vectors.items()]
        if not shapes:
            return "Make the collection, without vectors."
        word = "the vector" if len(shapes) == 1 else "the vectors"
        return f"Make the collection with {word} {', '.join(shapes)}."

    def execute(self, collection: CollectionWriter) -> bool:
        """Create the collection."""
        return collection.create(self.namespace_id, self.vectors)

    def is_done(self, actual: ActualCollection) -> bool:
        """Tell whether it is there; a collection of another namespace is an error."""
        if not actual.exists:
            return False
        if actual.namespace_id != self.namespace_id:
            raise UpstreamError(
                "A collection of that name exists, and is not this namespace's."
            )
        return True

    @property
    def creates_collection(self) -> bool:
        """Always."""
        return True

    def vectors_after(self, names: set[str]) -> set[str]:
        """Return the names with all of its vectors."""
        return names | set(self.vectors)

    def warnings(self, actual: ActualCollection | None) -> list[PlanWarning]:
        """Return that the new collection is empty."""
        return [_EMPTY]
