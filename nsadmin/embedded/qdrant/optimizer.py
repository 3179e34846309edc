"""Background index builds: a child process works on a copy, writes are replayed, the
copy takes the shard's place.
"""

import asyncio
import contextlib
import os
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import qdrant_edge as edge

from nsadmin.embedded.qdrant.collection import Collection, Journal
from nsadmin.embedded.qdrant.convert.config import DEFAULT_OPTIMIZER
from nsadmin.embedded.qdrant.convert.fields import Json
from nsadmin.embedded.qdrant.disk import copy_tree, remove_tree
from nsadmin.embedded.qdrant.segments import (
    has_hnsw,
    unindexed_kilobytes,
    vector_kilobytes,
    widest_vector,
)

# The engine leaves deleted vectors out of its sum, the files do not: once it has said
# that there is nothing to do, only a real growth is worth another copy.
SETTLED_MARGIN = 1.1
CHILD = Path(__file__).with_name("optimize_child.py")


@dataclass(slots=True)
class Build:
    """The optimizer's state of one collection."""

    task: asyncio.Task[None] | None = None
    working: bool = False
    started: datetime | None = None
    error: str | None = None
    requested: bool = False
    """Whether a changed configuration requires a run regardless of sizes."""
    settled: float | None = None
    """Unindexed kilobytes at which the engine had nothing to do."""
    measured: tuple[str, int] = ("", -1)
    waiting: float = 0.0
    """Unindexed kilobytes of the shard and flush named in `measured`."""
    completed: list[datetime] = field(default_factory=list)


class Optimizer:
    """Decides when a collection needs a build and runs one build at a time."""

    def __init__(self) -> None:
        self._builds: dict[str, Build] = {}
        self._slot = asyncio.Semaphore(1)

    def build_of(self, collection: Collection) -> Build:
        """The state of a collection's builds."""
        return self._builds.setdefault(str(collection.home), Build())

    def is_busy(self, collection: Collection) -> bool:
        """Whether a build runs or waits for its turn."""
        return self.build_of(collection).task is not None

    def status(self, collection: Collection) -> tuple[str, str | Json]:
        """`status` and `optimizer_status` as the API shows them."""
        build = self.build_of(collection)
        if build.error is not None:
            return "red", {"error": build.error}
        if build.task is not None:
            return "yellow", "ok"
        if self.is_pending(collection):
            return ("yellow" if collection.written else "grey"), "ok"
        return "green", "ok"

    def is_pending(self, collection: Collection) -> bool:
        """Whether enough vectors wait for an index."""
        build = self.build_of(collection)
        if build.requested:
            return True
        threshold = collection.config["optimizer_config"].get("indexing_threshold")
        if threshold is None:
            threshold = DEFAULT_OPTIMIZER["indexing_threshold"]
        widest = widest_vector(collection.config)
        if threshold == 0 or widest is None:
            return False
        waiting = _waiting(collection, build)
        if waiting + vector_kilobytes(widest, collection.touched) < threshold:
            return False
        if collection.touched and not collection.writing.locked():
            collection.flush()
            waiting = _waiting(collection, build)
        settled = 0.0 if build.settled is None else build.settled * SETTLED_MARGIN
        return waiting >= threshold and waiting > settled

    def consider(self, collection: Collection) -> None:
        """Start a build if one is needed and none is under way."""
        build = self.build_of(collection)
        if collection.gone or build.task is not None or build.error is not None:
            return
        if self.is_pending(collection):
            build.task = asyncio.create_task(self._run(collection, build))

    def reconfigured(self, collection: Collection) -> None:
        """The configuration changed: forget failures and look again."""
        self.exchanged(collection, builds=True)

    def exchanged(self, collection: Collection, *, builds: bool) -> None:
        """Another shard took the place of the old one: forget failures and look again.

        With `builds` an HNSW index that it has is built again, by the configuration.
        """
        build = self.build_of(collection)
        build.error, build.settled = None, None
        build.requested = builds and has_hnsw(collection.shard_path)
        build.measured = ("", -1)
        collection.written = True
        self.consider(collection)

    async def cancel(self, collection: Collection) -> None:
        """Stop the build of a collection and drop its copy."""
        task = self.build_of(collection).task
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def forget(self, collection: Collection) -> None:
        """Forget a collection that is being removed."""
        await self.cancel(collection)
        self._builds.pop(str(collection.home), None)

    async def stop(self) -> None:
        """Stop every build."""
        tasks = [build.task for build in self._builds.values() if build.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, collection: Collection, build: Build) -> None:
        shard_name = collection.new_shard_name()
        copy = collection.home / shard_name
        again = False
        try:
            async with self._slot:
                build.working, build.started = True, datetime.now(UTC)
                build.requested = False
                again = await self._build(collection, build, shard_name)
        except Exception as error:  # noqa: BLE001 - whatever it was, the status tells it
            build.error = f"optimizer failed: {error}"
        finally:
            collection.journal = None
            build.task, build.working = None, False
            if collection.shard_name != shard_name:
                remove_tree(copy)
        if again:
            self.consider(collection)

    async def _build(self, collection: Collection, build: Build, name: str) -> bool:
        """Run one build; return whether to check the collection again at once."""
        copy = collection.home / name
        async with collection.exclusive():
            _ = collection.shard
            collection.flush()
            await copy_tree(collection.shard_path, copy)
            collection.journal = journal = Journal()
        changed = await _optimize_in_child(copy)
        async with collection.exclusive():
            collection.journal = None
            if journal.overflowed:
                # Too much to replay under the write lock; the ticker tries again.
                return False
            if not changed and not journal.operations:
                build.settled = _waiting(collection, build)
                return False
            _replay(copy, journal.operations)
            collection.exchange_shard(name)
            _ = collection.shard
            collection.flush()
            build.settled = None
            build.completed = [*build.completed[-15:], datetime.now(UTC)]
            return True


def _waiting(collection: Collection, build: Build) -> float:
    """Unindexed kilobytes, measured once per flush."""
    now = (collection.shard_name, collection.flushes)
    if build.measured != now:
        build.measured = now
        path, config = collection.shard_path, collection.config
        build.waiting = unindexed_kilobytes(path, config)
    return build.waiting


async def _optimize_in_child(directory: Path) -> bool:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(CHILD),
        str(directory),
        str(os.getpid()),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        said, complaint = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        text = complaint.decode(errors="replace").strip()[-300:]
        raise RuntimeError(f"the process ended with {process.returncode}: {text}")
    return said.strip() == b"changed"


def _replay(directory: Path, journal: list[object]) -> None:
    """Bring a copy up to the writes made since it was taken."""
    shard = edge.EdgeShard.load(str(directory))
    for operation in journal:
        # One that failed on the shard in use fails here in the same way.
        with contextlib.suppress(Exception):
            shard.update(operation)  # type: ignore[arg-type]
    shard.flush()
    shard.close()
