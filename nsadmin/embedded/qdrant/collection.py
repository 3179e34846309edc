"""One collection: its directory, its record, and the engine's shard when it is open.

The record (`collection.json`) names the directory of the shard in use. Replacing the
record is how a whole shard is exchanged in one step, and the remains of a crash are
either the old shard or the new one, never half of each.
"""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import qdrant_edge as edge

from nsadmin.embedded.qdrant.convert.config import (
    named_vectors,
    set_vectors,
    sparse_vectors,
)
from nsadmin.embedded.qdrant.convert.engine import engine_config
from nsadmin.embedded.qdrant.convert.fields import Json
from nsadmin.embedded.qdrant.convert.indexes import (
    data_type,
    shown_params,
    type_name,
)
from nsadmin.embedded.qdrant.convert.points import VectorChecker
from nsadmin.embedded.qdrant.disk import read_json, remove_tree, write_json
from nsadmin.embedded.qdrant.errors import engine_calls, no_collection

RECORD = "collection.json"
FIGURES = "figures.json"
MAX_JOURNAL_POINTS = 100_000


class Journal:
    """Writes made while a copy of the shard is built, to be replayed on the copy."""

    def __init__(self) -> None:
        self.operations: list[Any] = []
        self.overflowed = False
        self._points = 0

    def append(self, operation: Any, points: int) -> None:
        """Record an operation, or give up when there are too many to replay."""
        self._points += max(points, 1)
        if self._points > MAX_JOURNAL_POINTS:
            self.overflowed = True
            self.operations.clear()
        if not self.overflowed:
            self.operations.append(operation)


class Collection:
    """The catalogue's entry for a collection; opens its shard when it is first used."""

    def __init__(
        self, home: Path, record: Json, on_use: Callable[["Collection"], None]
    ) -> None:
        self.home = home
        self.name: str = record["name"]
        self.config: Json = record["config"]
        self.schema: dict[str, Any] = record["schema"]
        self.shard_name: str = record["shard"]
        self.writing = asyncio.Lock()
        """The lock of writes and of copies of the shard's files."""
        self.written = False
        """Whether this process has written to it; decides between yellow and grey."""
        self.dirty = False
        self.gone = False
        self.touched = 0
        """Points written since the last flush, an upper bound."""
        self.flushes = 0
        self.journal: Journal | None = None
        self.operations = 0
        self._on_use = on_use
        self._shard: Any = None

    # -- the record

    @property
    def shard_path(self) -> Path:
        """The directory of the shard in use."""
        return self.home / self.shard_name

    @staticmethod
    def new_shard_name() -> str:
        """A directory name that no shard has had before."""
        return f"shard-{uuid.uuid4().hex}"

    def save(self) -> None:
        """Write the record to disk; a restart reads it."""
        record = {
            "name": self.name,
            "config": self.config,
            "schema": self.schema,
            "shard": self.shard_name,
        }
        write_json(self.home / RECORD, record)

    # -- the shard

    @property
    def is_open(self) -> bool:
        """Whether the shard is loaded at the moment."""
        return self._shard is not None

    @property
    def shard(self) -> Any:
        """The engine's shard, loaded on first use."""
        if self._shard is None:
            with engine_calls():
                self._shard = edge.EdgeShard.load(str(self.shard_path))
            self._believe_engine()
        self._on_use(self)
        return self._shard

    def create_shard(self) -> None:
        """Make the files of a new, empty shard."""
        with engine_calls():
            config = engine_config(self.config)
            self._shard = edge.EdgeShard.create(str(self.shard_path), config)

    def reconfigure(self, config: Json) -> None:
        """Reopen the shard with another configuration; keep the old one if refused."""
        self.close()
        with engine_calls():
            path = str(self.shard_path)
            self._shard = edge.EdgeShard.load(path, engine_config(config))
        self.config = config
        self.save()
        self._on_use(self)

    def exchange_shard(self, shard_name: str, schema: Json | None = None) -> None:
        """Take another directory of this home as the shard, and drop the old one.

        Its payload indexes are those of `schema` if one is given.
        """
        old, before = self.shard_path, (self.shard_name, self.schema)
        self.drop_shard()
        self.shard_name = shard_name
        self.schema = self.schema if schema is None else schema
        (self.home / FIGURES).unlink(missing_ok=True)
        try:
            self.save()
        except OSError:
            self.shard_name, self.schema = before
            raise
        remove_tree(old)

    def take_shard(self, shard_name: str, schema: Json) -> None:
        """Exchange the shard, unless the engine cannot load the other one as it is."""
        path, config = str(self.home / shard_name), engine_config(self.config)
        with engine_calls():
            taken = edge.EdgeShard.load(path, config)
        self.exchange_shard(shard_name, schema)
        self._shard = taken
        self._on_use(self)

    def drop_shard(self) -> None:
        """Close without storing figures, before the files are deleted."""
        if self._shard is not None:
            with contextlib.suppress(Exception):
                self._shard.close()
            self._shard = None
        self.dirty = False

    def close(self) -> None:
        """Flush and unload."""
        if self._shard is None:
            return
        with engine_calls():
            self.flush()
            self._shard.close()
        self._shard = None

    def flush(self) -> None:
        """Bring memory to disk, cut the write-ahead log, note the figures."""
        if self._shard is None:
            return
        with engine_calls():
            self._shard.flush()
        self.dirty = False
        self.touched = 0
        self.flushes += 1
        write_json(self.home / FIGURES, self._engine_figures(), durable=False)

    def _believe_engine(self) -> None:
        """Add vectors and payload indexes to the record that a crash kept out of it.

        The engine writes its own files before the record is replaced, so they win.
        """
        before = deepcopy((self.config, self.schema))
        stored = read_json(self.shard_path / "edge_config.json") or {}
        dense, sparse = named_vectors(self.config), sparse_vectors(self.config)
        if "vectors" in stored:
            there = stored["vectors"]
            lean = stored.get("sparse_vectors") or {}
            kept = {name: params for name, params in dense.items() if name in there}
            kept |= {n: _shown(there[n]) for n in there if n not in dense}
            set_vectors(self.config, kept, {n: sparse.get(n, {}) for n in lean})
        there = self._shard.info().payload_schema
        self.schema = {
            field: self.schema.get(field, type_name(index.data_type))
            for field, index in there.items()
        }
        if before != (self.config, self.schema):
            self.save()

    # -- use

    @contextlib.asynccontextmanager
    async def exclusive(self) -> AsyncIterator[None]:
        """Exclude other writes and copies of the files."""
        async with self.writing:
            if self.gone:
                raise no_collection(self.name)
            yield

    def apply(self, operation: Any, points: int | None) -> int:
        """Give one operation to the engine and return its number.

        `points` is how many it names; None when a filter chooses them.

        While an optimizer works on a copy, the operation is noted for it as well: even
        one that fails, for the engine may have applied half of a batch.
        """
        shard = self.shard
        if not self.dirty:
            # From here until the next flush the noted figures are wrong.
            (self.home / FIGURES).unlink(missing_ok=True)
        self.dirty = self.written = True
        points = shard.info().points_count if points is None else points
        self.operations += 1
        if self.journal is not None:
            self.journal.append(operation, points)
        with engine_calls():
            shard.update(operation)
        self.touched += points
        return self.operations

    def vectors(self) -> VectorChecker:
        """A reader for vectors of this collection's shape."""
        return VectorChecker(self.config)

    # -- figures

    def figures(self) -> Json:
        """Counts of points, segments and indexes, without opening a closed shard.

        A shard that a crash left without noted figures is the one exception.
        """
        if self._shard is None:
            noted = read_json(self.home / FIGURES)
            if isinstance(noted, dict) and "vectors" in noted:
                return noted
        with engine_calls():
            _ = self.shard
            return self._engine_figures()

    def _engine_figures(self) -> Json:
        info = self._shard.info()
        return {
            "points_count": info.points_count,
            "indexed_vectors_count": info.indexed_vectors_count,
            "segments_count": info.segments_count,
            "indexed_fields": {k: v.points for k, v in info.payload_schema.items()},
            "vectors": self._vector_counts(),
        }

    def _vector_counts(self) -> dict[str, int]:
        """About how many points have each vector, by its name."""
        counts = {}
        for name in (*named_vectors(self.config), *sparse_vectors(self.config)):
            has = edge.Filter(must=[edge.HasVectorCondition(name)])
            counts[name] = self._shard.count(edge.CountRequest(filter=has, exact=False))
        return counts

    def shown_schema(self, figures: Json) -> Json:
        """`payload_schema` as the API shows it."""
        shown: Json = {}
        for field, schema in self.schema.items():
            points = figures["indexed_fields"].get(field, 0)
            shown[field] = {"data_type": data_type(schema), "points": points}
            if not isinstance(schema, str):
                shown[field]["params"] = shown_params(schema)
        return shown


def _shown(engine_params: Json) -> Json:
    """The engine's configuration of a dense vector, without its internal fields."""
    return {key: value for key, value in engine_params.items() if key != "memory"}
