"""Snapshots of one shard: stream, make, list, fetch, delete, recover."""

from pathlib import Path
from typing import Any

from nsadmin.embedded.qdrant import shard_snapshots, snapshots
from nsadmin.embedded.qdrant.collection import Collection
from nsadmin.embedded.qdrant.convert.fields import choice, optional, required
from nsadmin.embedded.qdrant.errors import malformed, no_snapshot_file, not_found
from nsadmin.embedded.qdrant.router import (
    Accepted,
    Call,
    Download,
    Stream,
    router,
)
from nsadmin.embedded.qdrant.uploads import save_upload

_S = "/collections/{name}/shards/{shard}"
_PRIORITIES = dict.fromkeys(("no_sync", "snapshot", "replica"), "")


def _shard(call: Call) -> tuple[Collection, int]:
    collection = call.catalog.get(call.names["name"])
    return collection, shard_snapshots.shard_of(collection, call.names["shard"])


def _files(call: Call) -> list[Path]:
    folder = shard_snapshots.shard_folder(call.catalog, *_shard(call))
    return snapshots.files(folder)


def _existing(call: Call) -> Path | None:
    """The snapshot named by a path, if it is listed in the folder."""
    name = call.names["snapshot"]
    return next((path for path in _files(call) if path.name == name), None)


def _done(call: Call, result: Any) -> Any:
    """The answer to a call that has been done, also where it was not waited for."""
    return result if call.flag("wait", default=True) else Accepted()


@router.reads("GET", f"{_S}/snapshot")
async def stream(call: Call) -> Any:
    """The shard as it is now, without a file of it."""
    return Stream(await shard_snapshots.stream(call.catalog, *_shard(call)))


@router.reads("GET", f"{_S}/snapshots")
async def list_snapshots(call: Call) -> Any:
    """The snapshots of a shard."""
    return [snapshots.description(path) for path in _files(call)]


@router.writes("POST", f"{_S}/snapshots")
async def create_snapshot(call: Call) -> Any:
    """Pack a shard into a file; its writes wait, its reads do not."""
    path = await shard_snapshots.create(call.catalog, *_shard(call))
    return _done(call, snapshots.description(path))


@router.reads("GET", f"{_S}/snapshots/{{snapshot}}")
async def get_snapshot(call: Call) -> Any:
    """The file."""
    path = _existing(call)
    if path is None:
        raise no_snapshot_file(call.names["snapshot"])
    return Download(path)


@router.writes("DELETE", f"{_S}/snapshots/{{snapshot}}")
async def delete_snapshot(call: Call) -> Any:
    """Delete the file."""
    path = _existing(call)
    if path is None:
        raise not_found(f"Snapshot {call.names['snapshot']} not found")
    snapshots.remove(path)
    return _done(call, result=True)


@router.writes("PUT", f"{_S}/snapshots/recover")
async def recover(call: Call) -> Any:
    """Fill a shard of an existing collection from a snapshot somewhere."""
    collection, shard = _shard(call)
    body = call.body()
    location, key = required(body, "location", str), optional(body, "api_key", str)
    checksum = optional(body, "checksum", str)
    choice(optional(body, "priority", str) or "snapshot", _PRIORITIES, "priority")
    async with snapshots.fetched(call.catalog, location, key) as path:
        await shard_snapshots.recover(call.catalog, collection, shard, path, checksum)
    return _done(call, result=True)


@router.writes("POST", f"{_S}/snapshots/upload", streams=True)
async def upload(call: Call) -> Any:
    """Fill a shard of an existing collection from a snapshot in the request."""
    collection, shard = _shard(call)
    choice(call.query.get("priority", "snapshot"), _PRIORITIES, "priority")
    if call.chunks is None:
        raise malformed("no body")
    path, checksum = snapshots.staging_file(call.catalog), call.query.get("checksum")
    try:
        await save_upload(call.headers.get("content-type", ""), call.chunks, path)
        await shard_snapshots.recover(call.catalog, collection, shard, path, checksum)
    finally:
        path.unlink(missing_ok=True)
    return _done(call, result=True)
