"""Snapshots: make, list, fetch, delete, recover."""

from pathlib import Path
from typing import Any

from nsadmin.embedded.qdrant import snapshots
from nsadmin.embedded.qdrant.convert.fields import optional, required
from nsadmin.embedded.qdrant.errors import (
    malformed,
    no_snapshot_file,
    not_found,
)
from nsadmin.embedded.qdrant.router import Call, Download, router
from nsadmin.embedded.qdrant.routes.collections import check_new_name
from nsadmin.embedded.qdrant.uploads import save_upload


def _folder(call: Call) -> Path:
    return snapshots.folder_of(call.catalog, call.catalog.get(call.names["name"]))


def _existing(call: Call) -> Path | None:
    """The snapshot named by a path, if it is listed in the folder."""
    name = call.names["snapshot"]
    files = snapshots.files(_folder(call))
    return next((path for path in files if path.name == name), None)


@router.reads("GET", "/collections/{name}/snapshots")
async def list_snapshots(call: Call) -> Any:
    """The snapshots of a collection."""
    return [snapshots.description(path) for path in snapshots.files(_folder(call))]


@router.writes("POST", "/collections/{name}/snapshots")
async def create_snapshot(call: Call) -> Any:
    """Pack a collection into a file; its writes wait, its reads do not."""
    collection = call.catalog.get(call.names["name"])
    return snapshots.description(await snapshots.create(call.catalog, collection))


@router.reads("GET", "/collections/{name}/snapshots/{snapshot}")
async def get_snapshot(call: Call) -> Any:
    """The file."""
    path = _existing(call)
    if path is None:
        raise no_snapshot_file(call.names["snapshot"])
    return Download(path)


@router.writes("DELETE", "/collections/{name}/snapshots/{snapshot}")
async def delete_snapshot(call: Call) -> Any:
    """Delete the file."""
    path = _existing(call)
    if path is None:
        raise not_found(f"Snapshot {call.names['snapshot']} not found")
    snapshots.remove(path)
    return True


@router.writes("PUT", "/collections/{name}/snapshots/recover")
async def recover(call: Call) -> Any:
    """Fill a collection, new or existing, from a snapshot somewhere."""
    check_new_name(call.names["name"])
    body = call.body()
    location, key = required(body, "location", str), optional(body, "api_key", str)
    async with snapshots.fetched(call.catalog, location, key) as path:
        checksum = optional(body, "checksum", str)
        await snapshots.recover(call.catalog, call.names["name"], path, checksum)
    return True


@router.writes("POST", "/collections/{name}/snapshots/upload", streams=True)
async def upload(call: Call) -> Any:
    """Fill a collection, new or existing, from a snapshot in the request."""
    check_new_name(call.names["name"])
    if call.chunks is None:
        raise malformed("no body")
    path = snapshots.staging_file(call.catalog)
    try:
        await save_upload(call.headers.get("content-type", ""), call.chunks, path)
        checksum = call.query.get("checksum")
        await snapshots.recover(call.catalog, call.names["name"], path, checksum)
    finally:
        path.unlink(missing_ok=True)
    return True
