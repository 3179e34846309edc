"""Snapshots: a tar of the shard's files with the collection's record.

The archive is this server's own, not one that a Qdrant server reads.
"""

import asyncio
import contextlib
import http.client
import os
import re
import tarfile
import urllib.request
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from nsadmin.embedded.qdrant.catalog import Catalog, directory_name
from nsadmin.embedded.qdrant.collection import RECORD, Collection
from nsadmin.embedded.qdrant.convert.config import named_vectors, sparse_vectors
from nsadmin.embedded.qdrant.convert.fields import Json
from nsadmin.embedded.qdrant.disk import (
    copy_tree,
    file_sha256,
    is_full_disk,
    pack,
    read_json,
    remove_tree,
    write_json,
)
from nsadmin.embedded.qdrant.errors import bad_request, forbidden, wrong_input

SUFFIX = ".snapshot"
SHARD = "shard"
DOWNLOAD_TIMEOUT = 60.0


def files(folder: Path) -> list[Path]:
    """The snapshots in a folder, oldest first."""
    return sorted(path for path in folder.glob(f"*{SUFFIX}") if path.is_file())


def description(path: Path) -> Json:
    """Name, age, size and checksum, as the API shows them."""
    facts = path.stat()
    made = datetime.fromtimestamp(facts.st_mtime, UTC).replace(tzinfo=None)
    noted = path.with_name(path.name + ".checksum")
    return {
        "name": path.name,
        "creation_time": made.isoformat(timespec="seconds"),
        "size": facts.st_size,
        "checksum": noted.read_text() if noted.exists() else None,
    }


def remove(path: Path) -> None:
    """Delete a snapshot and its checksum file."""
    path.unlink(missing_ok=True)
    path.with_name(path.name + ".checksum").unlink(missing_ok=True)


def staging_file(catalog: Catalog) -> Path:
    """A new file name in the staging directory, which every start empties."""
    return catalog.staging / f"{uuid.uuid4().hex}{SUFFIX}"


async def create(catalog: Catalog, collection: Collection) -> Path:
    """Write a snapshot of a collection; its writes wait only while files are copied."""
    part = staging_file(catalog)
    try:
        async with bundled(catalog, collection, {}) as bundle:
            await pack(bundle, part)
        return await publish(part, folder_of(catalog, collection), collection.name)
    finally:
        part.unlink(missing_ok=True)


@contextlib.asynccontextmanager
async def bundled(
    catalog: Catalog, collection: Collection, more: Json, *, with_files: bool = True
) -> AsyncIterator[Path]:
    """A directory with what an archive has: the record, with more, and the files."""
    bundle = staging_file(catalog).with_suffix("")
    try:
        async with collection.exclusive():
            _ = collection.shard
            collection.flush()
            _write_record(bundle, collection, more)
            if with_files:
                await copy_tree(collection.shard_path, bundle / SHARD)
        yield bundle
    finally:
        remove_tree(bundle)


def folder_of(catalog: Catalog, collection: Collection) -> Path:
    """The directory of a collection's snapshots."""
    return catalog.snapshots / directory_name(collection.name)


async def publish(part: Path, folder: Path, label: str) -> Path:
    """Move a finished archive to its folder, under a name that begins so."""
    checksum = await asyncio.to_thread(file_sha256, part)
    return _moved(part, folder, label, checksum)


def _moved(part: Path, folder: Path, label: str, checksum: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    readable = re.sub(r"[^A-Za-z0-9_-]+", "_", label)[:120]
    stem = f"{readable}-1-{now:%Y-%m-%d-%H-%M-%S}-{now.microsecond:06d}"
    path = folder / f"{stem}{SUFFIX}"
    try:
        path.with_name(path.name + ".checksum").write_text(checksum)
        return part.replace(path)
    except OSError:
        remove(path)
        raise


def _write_record(bundle: Path, collection: Collection, more: Json) -> None:
    bundle.mkdir()
    record = {
        "name": collection.name,
        "config": collection.config,
        "schema": collection.schema,
        **more,
    }
    write_json(bundle / RECORD, record)


# -- recovery


@contextlib.asynccontextmanager
async def fetched(
    catalog: Catalog, location: str, api_key: str | None
) -> AsyncIterator[Path]:
    """The file behind a location; a download is deleted afterwards."""
    try:
        parts = urlsplit(location)
    except ValueError as error:
        raise bad_request(f"URL {location} cannot be read: {error}") from error
    if parts.scheme == "file":
        yield _local_file(catalog, unquote(parts.path))
        return
    if parts.scheme not in ("http", "https"):
        raise bad_request(f"URL {location} with scheme {parts.scheme} is not supported")
    path = staging_file(catalog)
    try:
        await asyncio.to_thread(_download, location, api_key, path)
        yield path
    finally:
        path.unlink(missing_ok=True)


def _local_file(catalog: Catalog, text: str) -> Path:
    path, root = Path(os.path.realpath(text)), catalog.snapshots.resolve()
    if not path.is_relative_to(root):
        raise forbidden(
            f'Snapshot file path must be inside the snapshots directory "{root}"'
        )
    if not path.is_file():
        raise bad_request(f'Snapshot file "{path}" does not exist')
    return path


def _download(location: str, api_key: str | None, path: Path) -> None:
    headers = {"api-key": api_key} if api_key else {}
    try:
        # The scheme was checked: a file or ftp address does not come this far.
        request = urllib.request.Request(location, headers=headers)  # noqa: S310
        # No proxy of the environment stands between two servers of one machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        answer = opener.open(request, timeout=DOWNLOAD_TIMEOUT)
        with answer, path.open("wb") as file:
            while chunk := answer.read(1 << 20):
                file.write(chunk)
    except (OSError, http.client.HTTPException) as error:
        if is_full_disk(error):
            raise
        raise wrong_input(f"Failed to download snapshot: {error}") from error


async def recover(
    catalog: Catalog, name: str, path: Path, checksum: str | None
) -> None:
    """Replace the content of a collection by a snapshot's, or make it from one."""
    async with unpacked(catalog, path, checksum) as (folder, record):
        if not (folder / SHARD).is_dir():
            raise wrong_input("Snapshot is not one of the embedded engine")
        name = catalog.aliases.get(name, name)
        collection = catalog.collections.get(name)
        if collection is None:
            config, schema = record["config"], record["schema"]
            catalog.adopt_shard(name, config, schema, folder / SHARD)
        else:
            await _overwrite(catalog, collection, record, folder / SHARD)


@contextlib.asynccontextmanager
async def unpacked(
    catalog: Catalog, path: Path, checksum: str | None
) -> AsyncIterator[tuple[Path, Json]]:
    """The directory that an archive was unpacked into, and its record."""
    if checksum and checksum != await asyncio.to_thread(file_sha256, path):
        raise wrong_input("Snapshot checksum mismatch")
    folder = catalog.staging / uuid.uuid4().hex
    try:
        await asyncio.to_thread(_unpack, path, folder)
        record = read_json(folder / RECORD)
        if not _is_record(record):
            raise wrong_input("Snapshot is not one of the embedded engine")
        yield folder, record
    finally:
        remove_tree(folder)


def _is_record(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(value.get(key), dict) for key in ("config", "schema")
    )


def require_shape(collection: Collection, record: Json) -> None:
    """Raise a 400 for a snapshot of other vectors than the collection has."""
    if _shape(collection.config) != _shape(record["config"]):
        text = "Snapshot is not compatible with existing collection"
        raise wrong_input(f"{text}: Collection vectors differ")


async def _overwrite(
    catalog: Catalog, collection: Collection, record: Json, shard: Path
) -> None:
    require_shape(collection, record)
    async with collection.exclusive():
        # Under the lock: no build can begin to copy the old shard after this.
        await catalog.optimizer.cancel(collection)
        collection.exchange_shard(move_in(shard, collection), record["schema"])
        collection.reconfigure(collection.config)
        catalog.optimizer.reconfigured(collection)


def move_in(shard: Path, collection: Collection) -> str:
    """Move a shard's files beside those in use; return their directory's name."""
    name = collection.new_shard_name()
    shard.rename(collection.home / name)
    return name


def _shape(config: Json) -> Any:
    """The part of a configuration that must be equal to restore into a collection."""
    keys = ("size", "distance", "multivector_config", "datatype")
    dense = named_vectors(config).items()
    return (
        {name: [params.get(key) for key in keys] for name, params in dense},
        set(sparse_vectors(config)),
    )


def _unpack(path: Path, folder: Path) -> None:
    folder.mkdir()
    try:
        with tarfile.open(path) as archive:
            _require_plain(archive, folder.resolve())
            # Python before 3.11.4 has no filters; the checks above refuse the same.
            archive.extraction_filter = getattr(tarfile, "data_filter", None)
            archive.extractall(folder)  # noqa: S202 - every member was looked at
    except (tarfile.TarError, OSError, EOFError) as error:
        if is_full_disk(error):
            raise
        raise wrong_input(f"Failed to unpack snapshot: {error}") from error


def _require_plain(archive: tarfile.TarFile, folder: Path) -> None:
    """Refuse members other than files and directories, and paths out of the folder."""
    for member in archive:
        inside = (folder / member.name).resolve().is_relative_to(folder)
        if not inside or not (member.isfile() or member.isdir()):
            raise wrong_input(f"Failed to unpack snapshot: {member.name[:100]}")
