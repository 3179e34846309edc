"""Snapshots of one shard: packed into files or a stream, and recovered from them.

The engine keeps all points in shard 0. The others are empty, so their snapshots hold a
record alone and their recovery changes nothing.
"""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

from nsadmin.embedded.qdrant.catalog import Catalog
from nsadmin.embedded.qdrant.collection import Collection
from nsadmin.embedded.qdrant.convert.fields import Json
from nsadmin.embedded.qdrant.disk import pack, packed, remove_tree
from nsadmin.embedded.qdrant.errors import not_found, wrong_input
from nsadmin.embedded.qdrant.snapshots import (
    SHARD,
    bundled,
    folder_of,
    move_in,
    publish,
    require_shape,
    staging_file,
    unpacked,
)

MAIN = 0
_SHARD_ID = "shard_id"


def shard_of(collection: Collection, text: str) -> int:
    """The number of an existing shard, from a path."""
    count = collection.config["params"]["shard_number"]
    if not text.isdecimal() or int(text) >= count:
        raise not_found(f"Shard {text[:20]} not found")
    return int(text)


def shard_folder(catalog: Catalog, collection: Collection, shard: int) -> Path:
    """The directory of a shard's snapshots, apart from those of its collection."""
    return folder_of(catalog, collection) / "shards" / str(shard)


async def create(catalog: Catalog, collection: Collection, shard: int) -> Path:
    """Write a snapshot of a shard; its writes wait only while files are copied."""
    part = staging_file(catalog)
    try:
        async with _bundle(catalog, collection, shard) as bundle:
            await pack(bundle, part)
        folder = shard_folder(catalog, collection, shard)
        return await publish(part, folder, f"{collection.name}-shard-{shard}")
    finally:
        part.unlink(missing_ok=True)


async def stream(
    catalog: Catalog, collection: Collection, shard: int
) -> AsyncGenerator[bytes]:
    """A shard's archive, made while it is read; its files are copied before."""
    stack = contextlib.AsyncExitStack()
    bundle = await stack.enter_async_context(_bundle(catalog, collection, shard))

    async def chunks() -> AsyncGenerator[bytes]:
        async with stack:
            async for chunk in packed(bundle):
                yield chunk

    return chunks()


@contextlib.asynccontextmanager
async def _bundle(
    catalog: Catalog, collection: Collection, shard: int
) -> AsyncIterator[Path]:
    more: Json = {_SHARD_ID: shard}
    with_files = shard == MAIN
    async with bundled(catalog, collection, more, with_files=with_files) as bundle:
        yield bundle


async def recover(
    catalog: Catalog,
    collection: Collection,
    shard: int,
    path: Path,
    checksum: str | None,
) -> None:
    """Replace the content of a shard by an archive's.

    Points, vectors, HNSW and payload indexes are the archive's then. Configuration,
    metadata and strict mode stay the collection's.
    """
    async with unpacked(catalog, path, checksum) as (folder, record):
        if record.get(_SHARD_ID) != shard:
            raise wrong_input(f"Snapshot is not one of shard {shard}")
        require_shape(collection, record)
        if shard != MAIN:
            return
        if not (folder / SHARD).is_dir():
            raise wrong_input("Snapshot is not one of the embedded engine")
        await _take(catalog, collection, record, folder / SHARD)


async def _take(
    catalog: Catalog, collection: Collection, record: Json, files: Path
) -> None:
    async with collection.exclusive():
        # Under the lock: no build can begin to copy the old shard after this.
        await catalog.optimizer.cancel(collection)
        name = move_in(files, collection)
        try:
            collection.take_shard(name, record["schema"])
        finally:
            if collection.shard_name != name:
                remove_tree(collection.home / name)
        is_alike = _indexing(collection.config) == _indexing(record["config"])
        catalog.optimizer.exchanged(collection, builds=not is_alike)


def _indexing(config: Json) -> list[object]:
    """The part of a configuration that an HNSW index was built by."""
    vectors = config["params"]["vectors"]
    return [vectors, config["hnsw_config"], config["quantization_config"]]
