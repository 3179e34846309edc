"""Write operations: JSON bodies to the engine's update operations."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import qdrant_edge as edge

from nsadmin.embedded.qdrant.convert.fields import (
    Json,
    choice,
    each,
    required,
    typed,
)
from nsadmin.embedded.qdrant.convert.filter import engine_filter
from nsadmin.embedded.qdrant.convert.ids import point_id
from nsadmin.embedded.qdrant.convert.payload import payload_with_key
from nsadmin.embedded.qdrant.convert.points import (
    VectorChecker,
    point_vectors_in,
    points_in,
)
from nsadmin.embedded.qdrant.errors import (
    ApiError,
    FormatError,
    bad_request,
    engine_calls,
    malformed,
)

Update = edge.UpdateOperation
MODES = {
    "upsert": edge.UpdateMode.Upsert,
    "insert_only": edge.UpdateMode.InsertOnly,
    "update_only": edge.UpdateMode.UpdateOnly,
}


@dataclass(frozen=True, slots=True)
class Write:
    """An operation for the engine, with the properties that strict mode checks."""

    operation: Any
    points: int | None = None
    """How many points it names; None when a filter chooses them."""
    filter: Json | None = None
    adds: bool = False
    """Whether it brings data, so that limits on size are for it."""
    batch_word: str = ""
    """What a refusal calls the size of its batch; empty where that has no limit."""
    longest: dict[str, int] = field(default_factory=dict)
    """The most vectors of a multivector and indices of a sparse one, by name."""
    kind: str = ""
    body: Json = field(default_factory=dict)
    """The call and its body, as they were read."""


def upsert(body: Json, vectors: VectorChecker) -> Write:
    """Insert or replace points."""
    points = points_in(body, vectors)
    mode = body.get("update_mode")
    operation = Update.upsert_points(
        points,
        condition=engine_filter(body.get("update_filter")),
        update_mode=None if mode is None else choice(mode, MODES, "update_mode"),
    )
    return Write(
        operation,
        len(points),
        body.get("update_filter"),
        adds=True,
        batch_word="upsert limit",
        longest=vectors.longest,
    )


def update_vectors(body: Json, vectors: VectorChecker) -> Write:
    """Replace the named vectors of points that exist."""
    points = point_vectors_in(body, vectors)
    condition = engine_filter(body.get("update_filter"))
    return Write(
        Update.update_vectors(points, condition),
        len(points),
        body.get("update_filter"),
        adds=True,
        batch_word="update limit",
        longest=vectors.longest,
    )


def _selected(
    body: Json,
    by_ids: Callable[..., Any],
    by_filter: Callable[..., Any],
    *rest: Any,
) -> Write:
    if body.get("points") is not None:
        ids = each(body["points"], point_id, "points")
        return Write(by_ids(ids, *rest), len(ids))
    if body.get("filter") is not None:
        chosen = engine_filter(body["filter"])
        return Write(by_filter(chosen, *rest), None, body["filter"])
    raise bad_request("Either list of ids or filter must be provided")


def delete_points(body: Json, _vectors: VectorChecker) -> Write:
    """Delete points by ids or filter."""
    if not {"points", "filter"} & body.keys():
        text = "data did not match any variant of untagged enum PointsSelector"
        raise malformed(text)
    return _selected(body, Update.delete_points, Update.delete_points_by_filter)


def set_payload(body: Json, _vectors: VectorChecker) -> Write:
    """Merge keys into payloads; a null removes its key."""
    payload, key = payload_with_key(body)
    by_ids, by_filter = Update.set_payload, Update.set_payload_by_filter
    return replace(_selected(body, by_ids, by_filter, payload, key), adds=True)


def overwrite_payload(body: Json, _vectors: VectorChecker) -> Write:
    """Replace payloads, or with `key` the part under it."""
    payload, key = payload_with_key(body)
    by_ids, by_filter = Update.overwrite_payload, Update.overwrite_payload_by_filter
    return replace(_selected(body, by_ids, by_filter, payload, key), adds=True)


def delete_payload(body: Json, _vectors: VectorChecker) -> Write:
    """Remove keys from payloads."""
    keys = [typed(key, str, "keys") for key in required(body, "keys", list)]
    by_ids, by_filter = Update.delete_payload, Update.delete_payload_by_filter
    return _selected(body, by_ids, by_filter, keys)


def clear_payload(body: Json, _vectors: VectorChecker) -> Write:
    """Empty payloads."""
    return _selected(body, Update.clear_payload, Update.clear_payload_by_filter)


def delete_vectors(body: Json, _vectors: VectorChecker) -> Write:
    """Remove named vectors from points."""
    names = [typed(name, str, "vector") for name in required(body, "vector", list)]
    by_ids, by_filter = Update.delete_vectors, Update.delete_vectors_by_filter
    return _selected(body, by_ids, by_filter, names)


WRITES: dict[str, Callable[[Json, VectorChecker], Write]] = {
    "upsert": upsert,
    "delete": delete_points,
    "set_payload": set_payload,
    "overwrite_payload": overwrite_payload,
    "delete_payload": delete_payload,
    "clear_payload": clear_payload,
    "update_vectors": update_vectors,
    "delete_vectors": delete_vectors,
}


def read_write(kind: str, body: Json, vectors: VectorChecker) -> Write:
    """One write of that kind."""
    with engine_calls():
        return replace(WRITES[kind](body, vectors), kind=kind, body=body)


def batch(body: Json, checker: Callable[[], VectorChecker]) -> list[Write | ApiError]:
    """A list of operations, each either read or the refusal for its turn.

    An operation that is not well formed refuses them all.
    """
    operations = each(body.get("operations"), _named_operation, "operations")
    return [_one_of_many(name, value, checker()) for name, value in operations]


def _named_operation(item: Any) -> tuple[str, Json]:
    operation = typed(item, dict, "operations")
    if len(operation) != 1 or next(iter(operation)) not in WRITES:
        text = "data did not match any variant of untagged enum UpdateOperation"
        raise malformed(text)
    name, value = next(iter(operation.items()))
    return name, typed(value, dict, name)


def _one_of_many(name: str, value: Json, vectors: VectorChecker) -> Write | ApiError:
    try:
        return read_write(name, value, vectors)
    except FormatError:
        raise
    except ApiError as refusal:
        return refusal
