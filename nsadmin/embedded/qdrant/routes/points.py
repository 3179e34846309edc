"""Writes of points, payloads and vectors."""

from typing import Any

from qdrant_edge import CountRequest

from nsadmin.embedded.qdrant.collection import Collection
from nsadmin.embedded.qdrant.convert.fields import Json
from nsadmin.embedded.qdrant.convert.filter import engine_filter
from nsadmin.embedded.qdrant.convert.writes import Write, batch, read_write
from nsadmin.embedded.qdrant.errors import ApiError, engine_calls
from nsadmin.embedded.qdrant.router import Call, Handler, router
from nsadmin.embedded.qdrant.strict.rules import check_timeout, check_write, rules_of
from nsadmin.embedded.qdrant.substrings import with_substrings

_CALLS = {
    "upsert": ("PUT", "/collections/{name}/points"),
    "delete": ("POST", "/collections/{name}/points/delete"),
    "set_payload": ("POST", "/collections/{name}/points/payload"),
    "overwrite_payload": ("PUT", "/collections/{name}/points/payload"),
    "delete_payload": ("POST", "/collections/{name}/points/payload/delete"),
    "clear_payload": ("POST", "/collections/{name}/points/payload/clear"),
    "update_vectors": ("PUT", "/collections/{name}/points/vectors"),
    "delete_vectors": ("POST", "/collections/{name}/points/vectors/delete"),
}


def update_result(call: Call, operation: int) -> Json:
    """A write's answer; always applied, the status follows the parameter `wait`."""
    waited = call.flag("wait", default=False)
    status = "completed" if waited else "acknowledged"
    return {"operation_id": operation, "status": status}


def _apply(
    call: Call, collection: Collection, writes: list[Write | ApiError]
) -> list[Json]:
    """Apply writes one after the other; those before a refused one stay."""
    results = []
    for write in writes:
        if isinstance(write, ApiError):
            raise write
        check_write(collection, write)
        resolved = _with_substrings(collection, write)
        call.server.rates.spend(collection, "write", _cost(collection, resolved))
        number = collection.apply(resolved.operation, resolved.points)
        results.append(update_result(call, number))
    return results


def _with_substrings(collection: Collection, write: Write) -> Write:
    """The write with its filter's text matches carried out, now that it is its turn."""
    body = with_substrings(collection, write.body)
    if body == write.body:
        return write
    return read_write(write.kind, body, collection.vectors())


def _cost(collection: Collection, write: Write) -> int:
    """The tokens of a write: the points it names, or those its filter matches."""
    if write.points is not None or "write_rate_limit" not in rules_of(collection):
        return write.points or 0
    with engine_calls():
        asked = CountRequest(filter=engine_filter(write.filter), exact=True)
        found: int = collection.shard.count(asked)
    return found


def _handler(kind: str) -> Handler:
    async def handle(call: Call) -> Any:
        collection, body = call.catalog.get(call.names["name"]), call.body()
        check_timeout(collection, call.query)
        async with collection.exclusive():
            write = read_write(kind, body, collection.vectors())
            results = _apply(call, collection, [write])
        call.catalog.optimizer.consider(collection)
        return results[0]

    return handle


for _kind, (_method, _template) in _CALLS.items():
    router.writes(_method, _template)(_handler(_kind))


@router.writes("POST", "/collections/{name}/points/batch")
async def batch_update(call: Call) -> Any:
    """Several writes in a row; none is made when one of them is not well formed."""
    collection, body = call.catalog.get(call.names["name"]), call.body()
    check_timeout(collection, call.query)
    try:
        async with collection.exclusive():
            return _apply(call, collection, batch(body, collection.vectors))
    finally:
        call.catalog.optimizer.consider(collection)
