"""Collections: list, create, look at, change, delete."""

from typing import Any

from nsadmin.embedded.qdrant.collection import Collection
from nsadmin.embedded.qdrant.convert.changes import ENGINE_FIELDS, patched
from nsadmin.embedded.qdrant.convert.config import FORBIDDEN_IN_NAMES, new_config
from nsadmin.embedded.qdrant.convert.fields import Json
from nsadmin.embedded.qdrant.errors import conflict, invalid, wrong_input
from nsadmin.embedded.qdrant.router import Call, router

MAX_NAME = 255


@router.reads("GET", "/collections")
async def list_collections(call: Call) -> Any:
    """The names of all collections."""
    return {"collections": [{"name": name} for name in call.catalog.collections]}


@router.reads("GET", "/collections/{name}/exists")
async def exists(call: Call) -> Any:
    """Whether a collection or alias of that name exists."""
    catalog, name = call.catalog, call.names["name"]
    return {"exists": catalog.aliases.get(name, name) in catalog.collections}


@router.reads("GET", "/collections/{name}")
async def get(call: Call) -> Any:
    """State, figures, configuration and payload indexes of a collection."""
    collection = call.catalog.get(call.names["name"])
    figures = collection.figures()
    status, optimizer_status = call.catalog.optimizer.status(collection)
    return {
        "status": status,
        "optimizer_status": optimizer_status,
        "indexed_vectors_count": figures["indexed_vectors_count"],
        "points_count": figures["points_count"],
        "segments_count": figures["segments_count"],
        "config": collection.config,
        "payload_schema": collection.shown_schema(figures),
        "update_queue": {"length": 0},
    }


@router.writes("PUT", "/collections/{name}")
async def create(call: Call) -> Any:
    """Make a collection."""
    catalog, name = call.catalog, call.names["name"]
    check_new_name(name)
    if name in catalog.collections:
        raise conflict(f"Collection `{name}` already exists!")
    if name in catalog.aliases:
        text = "Alias with the same name already exists"
        raise wrong_input(f"Can't create collection with name {name}. {text}")
    catalog.create(name, new_config(call.body()))
    return True


def check_new_name(name: str) -> None:
    """Raise a 422 for an invalid name of a collection."""
    where = "path parameters"
    if not 1 <= len(name) <= MAX_NAME:
        text = "collection_name: value invalid length, must be from 1 to 255 characters"
        raise invalid(where, text)
    if bad := sorted(FORBIDDEN_IN_NAMES & set(name)):
        text = f'collection name cannot contain "{bad[0]}" char'
        raise invalid(where, f"collection_name: {text}")
    if name in {".", ".."}:
        raise invalid(where, f'collection_name: collection name cannot be "{name}"')


@router.writes("PATCH", "/collections/{name}")
async def update(call: Call) -> Any:
    """Change metadata, strict mode, optimizers, HNSW or quantization."""
    collection = call.catalog.get(call.names["name"])
    body = call.body()
    config = patched(collection.config, body)
    if ENGINE_FIELDS & {key for key, value in body.items() if value is not None}:
        await _reconfigure(call, collection, body)
    else:
        async with collection.exclusive():
            collection.config = config
            collection.save()
    return True


async def _reconfigure(call: Call, collection: Collection, body: Json) -> None:
    optimizer = call.catalog.optimizer
    await optimizer.cancel(collection)
    async with collection.exclusive():
        # Read anew: the wait for the lock may have let another change in.
        collection.reconfigure(patched(collection.config, body))
        optimizer.reconfigured(collection)


@router.writes("DELETE", "/collections/{name}")
async def delete(call: Call) -> Any:
    """Remove a collection; aliases are not resolved here."""
    collection = call.catalog.collections.get(call.names["name"])
    if collection is None:
        return False
    return await call.catalog.delete(collection)
