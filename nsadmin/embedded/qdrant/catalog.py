"""All collections and aliases of a data directory, and how many shards stay open."""

import contextlib
import fcntl
import hashlib
import re
import shutil
import sys
import uuid
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from nsadmin.embedded.qdrant.collection import RECORD, Collection
from nsadmin.embedded.qdrant.convert.fields import Json
from nsadmin.embedded.qdrant.disk import (
    read_json,
    remove_tree,
    sync_directory,
    write_json,
)
from nsadmin.embedded.qdrant.errors import ApiError, no_collection
from nsadmin.embedded.qdrant.optimizer import Optimizer


class Catalog:
    """The content of one data directory; only one process may hold it."""

    def __init__(self, root: Path, max_open: int) -> None:
        self.root = root
        self.snapshots = root / "snapshots"
        self.staging = root / "staging"
        self.optimizer = Optimizer()
        self.collections: dict[str, Collection] = {}
        self.aliases: dict[str, str] = {}
        self._homes = root / "collections"
        self._max_open = max_open
        self._open: OrderedDict[str, Collection] = OrderedDict()
        for directory in (self._homes, self.snapshots):
            directory.mkdir(parents=True, exist_ok=True)
        self._lock = _lock_directory(root)
        self._recover()

    # -- recovery

    def _recover(self) -> None:
        """Repair the directory after a crash of the last process."""
        remove_tree(self.staging)
        self.staging.mkdir()
        for home in sorted(self._homes.iterdir()):
            self._recover_home(home)
        self._recover_aliases()
        for part in self.snapshots.glob("*/*.part"):
            part.unlink(missing_ok=True)

    def _recover_home(self, home: Path) -> None:
        if not (home / RECORD).exists():
            # The record is written last, so no client knows this collection.
            remove_tree(home)
            return
        record = read_json(home / RECORD)
        if not _is_record(record) or not (home / record["shard"]).is_dir():
            _report(f"{home.name} has no readable record or shard: see unreadable/")
            (self.root / "unreadable").mkdir(exist_ok=True)
            home.rename(self.root / "unreadable" / f"{home.name}-{uuid.uuid4().hex}")
            return
        for leftover in home.iterdir():
            if leftover.is_dir() and leftover.name != record["shard"]:
                remove_tree(leftover)
        collection = Collection(home, record, self._used)
        self.collections[collection.name] = collection

    def _recover_aliases(self) -> None:
        stored = read_json(self.root / "aliases.json")
        pairs = stored.items() if isinstance(stored, dict) else ()
        self.aliases = {alias: n for alias, n in pairs if n in self.collections}

    # -- names

    def get(self, name: str) -> Collection:
        """The collection of that name or alias."""
        found = self.collections.get(self.aliases.get(name, name))
        if found is None:
            raise no_collection(name)
        return found

    def save_aliases(self, aliases: dict[str, str]) -> None:
        """Replace all aliases in one step."""
        write_json(self.root / "aliases.json", aliases)
        self.aliases = aliases

    # -- coming and going

    def home_of(self, name: str) -> Path:
        """The directory for a collection of that name.

        A digest keeps names with dots or 255 letters inside the data directory.
        """
        return self._homes / directory_name(name)

    def create(self, name: str, config: Json) -> Collection:
        """Make a collection; it exists once its record is on disk."""
        home = self.home_of(name)
        self.discard(home)
        collection = self._new(home, name, config)
        collection.shard_path.mkdir(parents=True)
        try:
            collection.create_shard()
        except ApiError:
            remove_tree(home)
            raise
        collection.flush()
        return self._adopt(collection)

    def adopt_shard(self, name: str, config: Json, schema: Json, shard: Path) -> None:
        """Make a collection from a shard directory in the staging directory."""
        home = self.home_of(name)
        self.discard(home)
        collection = self._new(home, name, config)
        collection.schema = schema
        home.mkdir()
        shard.rename(collection.shard_path)
        self._adopt(collection)

    def _new(self, home: Path, name: str, config: Json) -> Collection:
        record = {
            "name": name,
            "config": config,
            "schema": {},
            "shard": Collection.new_shard_name(),
        }
        return Collection(home, record, self._used)

    def _adopt(self, collection: Collection) -> Collection:
        collection.save()
        sync_directory(self._homes)
        self.collections[collection.name] = collection
        if collection.is_open:
            self._used(collection)
        return collection

    async def delete(self, collection: Collection) -> bool:
        """Remove a collection and its aliases, unless another call has removed it."""
        await self.optimizer.forget(collection)
        async with collection.writing:
            if collection.gone:
                return False
            collection.gone = True
            collection.drop_shard()
            self._open.pop(collection.name, None)
            self.collections.pop(collection.name, None)
            left = {a: n for a, n in self.aliases.items() if n != collection.name}
            if left != self.aliases:
                self.save_aliases(left)
            self.discard(collection.home)
            return True

    def discard(self, directory: Path) -> None:
        """Move a directory to the staging directory in one step, then delete it."""
        with contextlib.suppress(FileNotFoundError):
            gone = directory.rename(self.staging / uuid.uuid4().hex)
            shutil.rmtree(gone, ignore_errors=True)

    # -- open shards

    def _used(self, collection: Collection) -> None:
        self._open[collection.name] = collection
        self._open.move_to_end(collection.name)
        if len(self._open) > self._max_open:
            self._close_oldest(keep=collection)

    def _close_oldest(self, keep: Collection) -> None:
        for name, collection in list(self._open.items()):
            if len(self._open) <= self._max_open:
                return
            busy = collection.writing.locked() or self.optimizer.is_busy(collection)
            if collection is not keep and not busy:
                del self._open[name]
                collection.close()

    @property
    def open_collections(self) -> list[Collection]:
        """The collections whose shards are loaded, least recently used first."""
        return list(self._open.values())

    def tick(self) -> None:
        """Flush recent writes and look for work of the optimizer."""
        for collection in self.open_collections:
            if collection.writing.locked():
                continue
            with _reported(collection):
                if collection.dirty:
                    collection.flush()
                if collection.written:
                    self.optimizer.consider(collection)

    async def close(self) -> None:
        """Stop the builds and flush everything."""
        await self.optimizer.stop()
        for collection in self.open_collections:
            with _reported(collection):
                collection.close()
        self._lock.close()


def directory_name(name: str) -> str:
    """A file name for any collection name: readable first, exact by its digest."""
    readable = re.sub(r"[^A-Za-z0-9_-]+", "_", name)[:40]
    return f"{readable}-{hashlib.sha256(name.encode()).hexdigest()[:24]}"


def _is_record(value: object) -> bool:
    kinds = {"name": str, "config": dict, "schema": dict, "shard": str}
    return isinstance(value, dict) and all(
        isinstance(value.get(key), kind) for key, kind in kinds.items()
    )


def _lock_directory(root: Path) -> IO[str]:
    file = (root / ".lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"{root} is in use by another embedded Qdrant")
    return file


@contextlib.contextmanager
def _reported(collection: Collection) -> Iterator[None]:
    """Log a full disk or a damaged shard; the other collections continue."""
    try:
        yield
    except (ApiError, OSError) as error:
        _report(f"{collection.name}: {error}")


def _report(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
