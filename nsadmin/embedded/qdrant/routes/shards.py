"""Shards of a collection: on one node there is nothing to place or to move."""

from typing import Any

from nsadmin.embedded.qdrant.convert.fields import Json
from nsadmin.embedded.qdrant.errors import bad_request
from nsadmin.embedded.qdrant.router import Call, router

_C = "/collections/{name}"


@router.reads("GET", f"{_C}/cluster")
async def collection_cluster(call: Call) -> Any:
    """The shards as configured; the engine keeps all points in the first one."""
    collection = call.catalog.get(call.names["name"])
    count = collection.config["params"]["shard_number"]
    points = collection.figures()["points_count"]
    return {
        "peer_id": 1,
        "shard_count": count,
        "local_shards": [_shard(i, 0 if i else points) for i in range(count)],
        "remote_shards": [],
        "shard_transfers": [],
    }


def _shard(number: int, points: int) -> Json:
    return {"shard_id": number, "points_count": points, "state": "Active"}


@router.reads("GET", f"{_C}/shards")
async def shard_keys(call: Call) -> Any:
    """The shard keys: none, for only a distributed server makes them."""
    params = call.catalog.get(call.names["name"]).config["params"]
    return {"shard_keys": [] if params.get("sharding_method") == "custom" else None}


async def refuse(call: Call) -> Any:
    """Refuse as a server does that is not distributed."""
    call.catalog.get(call.names["name"])
    raise bad_request("Distributed mode disabled")


for _method, _template in (
    ("POST", f"{_C}/cluster"),
    ("PUT", f"{_C}/shards"),
    ("POST", f"{_C}/shards/delete"),
):
    router.writes(_method, _template)(refuse)
