"""Reads of points: by id, page, count, facet, query."""

from collections.abc import Callable
from functools import partial
from typing import Any

from nsadmin.embedded.qdrant.collection import Collection
from nsadmin.embedded.qdrant.convert.fields import Json, each, required, typed
from nsadmin.embedded.qdrant.convert.ids import (
    PointId,
    json_id,
    point_id,
    point_id_in_path,
)
from nsadmin.embedded.qdrant.convert.points import record_out, scored_out
from nsadmin.embedded.qdrant.convert.query import QueryReader
from nsadmin.embedded.qdrant.convert.search import (
    count_request,
    facet_request,
    scroll_request,
    with_payload,
    with_vector,
)
from nsadmin.embedded.qdrant.errors import engine_calls, not_found
from nsadmin.embedded.qdrant.router import Call, router
from nsadmin.embedded.qdrant.strict.rates import read_cost
from nsadmin.embedded.qdrant.strict.rules import (
    check_count,
    check_read,
    check_searches,
    check_timeout,
)
from nsadmin.embedded.qdrant.substrings import with_substrings

Check = Callable[[Collection, Json], None]


def _reading(call: Call, check: Check = check_read) -> tuple[Collection, Json]:
    """The collection and the body of a read, if the collection's rules allow it."""
    collection, body = call.catalog.get(call.names["name"]), call.body()
    check_timeout(collection, call.query)
    check(collection, body)
    call.server.rates.spend(collection, "read", read_cost(body))
    return collection, with_substrings(collection, body)


@router.reads("POST", "/collections/{name}/points/scroll")
async def scroll(call: Call) -> Any:
    """A page of points in the order of ids or of a payload field."""
    collection, body = _reading(call)
    with engine_calls():
        records, following = collection.shard.scroll(scroll_request(body))
    points = [record_out(record) for record in records]
    offset = None if following is None else json_id(following)
    return {"points": points, "next_page_offset": offset}


@router.reads("POST", "/collections/{name}/points/count")
async def count(call: Call) -> Any:
    """How many points a filter matches."""
    collection, body = _reading(call, check_count)
    with engine_calls():
        return {"count": collection.shard.count(count_request(body))}


@router.reads("POST", "/collections/{name}/facet")
async def facet(call: Call) -> Any:
    """The values of an indexed field with their counts."""
    collection, body = _reading(call, partial(check_read, counts=True))
    with engine_calls():
        found = collection.shard.facet(facet_request(body))
    return {"hits": [{"value": hit.value, "count": hit.count} for hit in found.hits]}


@router.reads("POST", "/collections/{name}/points")
async def retrieve(call: Call) -> Any:
    """Points by their ids; the missing ones are left out."""
    collection, body = call.catalog.get(call.names["name"]), call.body()
    check_timeout(collection, call.query)
    ids = each(required(body, "ids", list), point_id, "ids")
    call.server.rates.spend(collection, "read", len(ids))
    payload = with_payload(body.get("with_payload"), default=True)
    vector = with_vector(body.get("with_vector"))
    with engine_calls():
        records = collection.shard.retrieve(ids, payload, vector)
    return [record_out(record) for record in records]


@router.reads("GET", "/collections/{name}/points/{id}")
async def get_point(call: Call) -> Any:
    """One point with everything it has."""
    collection = call.catalog.get(call.names["name"])
    call.server.rates.spend(collection, "read", 1)
    identity = point_id_in_path(call.names["id"])
    with engine_calls():
        records = collection.shard.retrieve(
            [identity], with_payload=True, with_vector=True
        )
    if not records:
        raise not_found(f"Point with id {call.names['id']} does not exists!")
    return record_out(records[0])


def _run_query(collection: Collection, body: Json) -> Json:
    def retrieve_vectors(ids: list[PointId]) -> list[Any]:
        found: list[Any] = collection.shard.retrieve(
            ids, with_payload=False, with_vector=True
        )
        return found

    reader = QueryReader(collection.vectors(), retrieve_vectors)
    with engine_calls():
        found = collection.shard.query(reader.request(body))
    return {"points": [scored_out(point) for point in found]}


@router.reads("POST", "/collections/{name}/points/query")
async def query(call: Call) -> Any:
    """The nearest, recommended, fused or otherwise scored points."""
    collection, body = _reading(call)
    return _run_query(collection, body)


@router.reads("POST", "/collections/{name}/points/query/batch")
async def query_batch(call: Call) -> Any:
    """Several queries at once."""
    collection, body = call.catalog.get(call.names["name"]), call.body()
    searches = [typed(s, dict, "searches") for s in required(body, "searches", list)]
    check_timeout(collection, call.query)
    check_searches(collection, searches)
    call.server.rates.spend(collection, "read", sum(map(read_cost, searches)))
    return [
        _run_query(collection, with_substrings(collection, search))
        for search in searches
    ]
