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
from nsadmin.namespaces.schema.document import Raw

_EMPTY = PlanWarning(
    "The points of the lost collection are gone. The new one is empty, and searches "
    "find nothing until the collections are processed again.",
    needs_tick=True,
)


@dataclass(frozen=True, slots=True)
class AddVector(Step):
    """Add a named vector to the live collection.

    `inference` is the service that fills the vector; None if it is not known, as in
    older records.
    """

    kind: ClassVar[str] = "add_vector"
    store: ClassVar[Store] = "Qdrant"
    name: str
    size: int
    distance: str
    extractor_id: str
    inference: str | None = None

    def sentence(self) -> str:
        """Return the description with the inference service, if it is known."""
        shape = f"{self.size:,}, {self.distance}"
        service = f", inference service {self.inference}" if self.inference else ""
        return f"Add the vector {self.name} ({shape}{service})."

    def hint(self) -> str:
        """Return the effect of a new vector on the points."""
        return "No point is rewritten; size and distance cannot change later."

    def rest_call(self, collection: str) -> tuple[str, Raw | None]:
        """Return the call that adds the vector."""
        dense = {"size": self.size, "distance": _distance(self.distance)}
        path = f"/collections/{collection}/vectors/{self.name}"
        return f"PUT {path}?wait=true", {"dense": dense}

    def execute(self, collection: CollectionWriter) -> bool:
        """Add the vector."""
        return collection.create_vector(self.name, self.size, self.distance)

    def is_done(self, actual: ActualCollection) -> bool:
        """Tell whether the vector exists; raise UpstreamError for another shape."""
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

    The namespace's id is stored in its metadata, so that no other namespace uses it.
    """

    kind: ClassVar[str] = "create_collection"
    store: ClassVar[Store] = "Qdrant"
    namespace_id: str
    vectors: dict[str, list[Any]]

    def sentence(self) -> str:
        """Return the description with the vectors of the collection."""
        shapes = [f"{n} ({s:,}, {d})" for n, (s, d) in self.vectors.items()]
        if not shapes:
            return "Create the collection, without vectors."
        word = "the vector" if len(shapes) == 1 else "the vectors"
        return f"Create the collection with {word} {', '.join(shapes)}."

    def rest_call(self, collection: str) -> tuple[str, Raw | None]:
        """Return the call that creates the collection."""
        vectors = {
            name: {"size": size, "distance": _distance(distance)}
            for name, (size, distance) in self.vectors.items()
        }
        metadata = {"namespace_id": self.namespace_id}
        return f"PUT /collections/{collection}", {
            "vectors": vectors,
            "metadata": metadata,
        }

    def execute(self, collection: CollectionWriter) -> bool:
        """Create the collection."""
        return collection.create(self.namespace_id, self.vectors)

    def is_done(self, actual: ActualCollection) -> bool:
        """Tell whether it exists; raise UpstreamError if it is another namespace's."""
        if not actual.exists:
            return False
        if actual.namespace_id != self.namespace_id:
            raise UpstreamError(
                "A collection of that name exists and belongs to another namespace."
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
        """Return the warning that the new collection is empty."""
        return [_EMPTY]


def _distance(name: str) -> str:
    """Return a distance in the word of Qdrant."""
    return {"euclidean": "Euclid", "dot_product": "Dot"}.get(name, name.capitalize())
