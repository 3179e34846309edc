"""Writes of points, payloads and vectors."""

from typing import Any

from nsadmin.embedded.qdrant.collection import Collection
from nsadmin.embedded.qdrant.convert.fields import Json
from nsadmin.embedded.qdrant.convert.writes import WRITES, Write, batch
from nsadmin.embedded.qdrant.errors import engine_calls
from nsadmin.embedded.qdrant.router import Call, Handler, router
from nsadmin.embedded.qdrant.strict import check_write

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


async def _apply(call: Call, collection: Collection, writes: list[Write]) -> list[Json]:
    for write in writes:
        check_write(collection, write)
    call.server.rates.spend(collection, "write", max(len(writes), 1))
    results = []
    for write in writes:
        number = collection.apply(write.operation, write.points)
        results.append(update_result(call, number))
    return results


def _handler(kind: str) -> Handler:
    async def handle(call: Call) -> Any:
        collection, body = call.catalog.get(call.names["name"]), call.body()
        async with collection.exclusive():
            with engine_calls():
                write = WRITES[kind](body, collection.vectors())
            results = await _apply(call, collection, [write])
        call.catalog.optimizer.consider(collection)
        return results[0]

    return handle


for _kind, (_method, _template) in _CALLS.items():
    router.writes(_method, _template)(_handler(_kind))


@router.writes("POST", "/collections/{name}/points/batch")
async def batch_update(call: Call) -> Any:
    """Several writes in a row; none is made when one of them is not well formed."""
    collection, body = call.catalog.get(call.names["name"]), call.body()
    async with collection.exclusive():
        with engine_calls():
            writes = batch(body, collection.vectors())
        results = await _apply(call, collection, writes)
    call.catalog.optimizer.consider(collection)
    return results
