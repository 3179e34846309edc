"""What a cluster says about itself and its collections, read from its answers. Pure."""

from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from nsadmin.stores.qdrant.answers import (
    Clean,
    Count,
    Json,
    MalformedAnswer,
    Name,
    Names,
    Object,
    Part,
    Text,
    decode,
    read,
    read_result,
)

_STATUSES = ("green", "yellow", "grey", "red")
_ENDS = ("completed", "acknowledged", "wait_timeout")
_VERSION_LENGTH = 64


@dataclass(frozen=True, slots=True)
class LiveVector:
    """A named vector as Qdrant has it; `distance` in lower case as in the contract."""

    size: int
    distance: str


@dataclass(frozen=True, slots=True)
class LiveIndex:
    """A payload index as Qdrant has it; `points` is how many points it holds."""

    type: str
    params: Json
    points: int

    def schema(self) -> Json:
        """Return type and set parameters, as the creation of an index takes them."""
        set_params = {k: v for k, v in self.params.items() if v is not None}
        return {**set_params, "type": self.type}


@dataclass(frozen=True, slots=True)
class LiveCollection:
    """The answer to one GET of a collection.

    `status` is green, yellow, grey, red, or `unknown` for any other. `points` and
    `indexed_vectors` are Qdrant's own, approximate counts. A single vector without a
    name is named "". `raw` is the configuration as Qdrant gave it, for making another
    collection of the same shape; its objects `params` and `metadata` are objects.
    """

    status: str
    optimizer_error: str
    points: int
    indexed_vectors: int
    segments: int
    vectors: dict[str, LiveVector]
    sparse_vectors: tuple[str, ...]
    indexes: dict[str, LiveIndex]
    raw: Json = field(repr=False)


class _Vector(Part):
    size: Annotated[int, Field(ge=1, le=2**31 - 1)]
    distance: Text


class _Index(Part):
    data_type: Text
    params: Clean
    points: Count = 0


class _Params(Part):
    vectors: Names
    sparse_vectors: Names


class _Config(Part):
    params: Json
    metadata: Object


class _Collection(Part):
    status: Text
    optimizer_status: Any = "ok"
    points_count: Count = 0
    indexed_vectors_count: Count = 0
    segments_count: Count = 0
    config: Json
    payload_schema: Names


class _Listed(Part):
    name: Name


class _Listing(Part):
    collections: list[_Listed]


class _Operation(Part):
    status: Text


class _Server(Part):
    version: Text


def _distance(name: str) -> str:
    return {"euclid": "euclidean"}.get(name.lower(), name.lower())


def _vectors(params: _Params) -> dict[str, LiveVector]:
    """Return the dense vectors; the shape is told by types, as a vector may be `size`.

    `{"size": 4, …}` is a single vector without a name, `{"size": {"size": 4, …}}` one
    with the name `size`.
    """
    given = params.vectors
    named = {"": given} if isinstance(given.get("size"), int) else given
    read_as = {name: read(_Vector, value) for name, value in named.items()}
    return {n: LiveVector(v.size, _distance(v.distance)) for n, v in read_as.items()}


def collection(content: bytes) -> LiveCollection:
    """Return the collection that an answer describes, or raise MalformedAnswer."""
    found = read_result(_Collection, content)
    params = read(_Params, read(_Config, found.config).params)
    optimizer = found.optimizer_status
    error = optimizer.get("error", "") if isinstance(optimizer, dict) else ""
    indexes = {n: read(_Index, v) for n, v in found.payload_schema.items()}
    return LiveCollection(
        status=found.status if found.status in _STATUSES else "unknown",
        optimizer_error=_text(error),
        points=found.points_count,
        indexed_vectors=found.indexed_vectors_count,
        segments=found.segments_count,
        vectors=_vectors(params),
        sparse_vectors=tuple(params.sparse_vectors),
        indexes={
            n: LiveIndex(i.data_type, i.params, i.points) for n, i in indexes.items()
        },
        raw=_without_nulls(found.config),
    )


def _text(value: object) -> str:
    return read(_Operation, {"status": value}).status


def _without_nulls(config: Json) -> Json:
    """Return the configuration where `metadata: null` is left out."""
    return {key: value for key, value in config.items() if value is not None}


def names(content: bytes) -> list[str]:
    """Return the names of all collections that an answer lists."""
    return [listed.name for listed in read_result(_Listing, content).collections]


def is_completed(content: bytes) -> bool:
    """Whether an operation is done, not only accepted; raise for other states."""
    status = read_result(_Operation, content).status
    if status not in _ENDS:
        raise MalformedAnswer.of(f"the status {status} is unknown")
    return status == "completed"


def version(content: bytes) -> str:
    """Return the version that a server names at its root."""
    try:
        found = read(_Server, decode(content)).version
    except MalformedAnswer:
        found = ""
    if not found:
        raise MalformedAnswer("The server at this address is not Qdrant.")
    return found[:_VERSION_LENGTH]
