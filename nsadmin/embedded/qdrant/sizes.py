"""How much a collection and the machine hold, for the limits on size."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from nsadmin.embedded.qdrant.collection import Collection

_BLOCK = 512
_EMPTY_STORAGE = 24 * 1024
"""What the engine's files of an empty storage take on disk, at most."""


def vector_bytes(collection: Collection) -> int:
    """The bytes of a collection's vectors on disk, by the blocks they take."""
    return _bytes_of(collection, "vector_storage*")


def payload_bytes(collection: Collection) -> int:
    """The bytes of a collection's payloads on disk, by the blocks they take."""
    return _bytes_of(collection, "payload_storage")


def _bytes_of(collection: Collection, pattern: str) -> int:
    if not collection.figures()["points_count"]:
        return 0
    folders = collection.shard_path.glob(f"segments/*/{pattern}")
    return sum(max(0, _blocks(folder) - _EMPTY_STORAGE) for folder in folders)


def _blocks(folder: Path) -> int:
    return sum(file.stat().st_blocks * _BLOCK for file in _files(folder))


def _files(folder: Path) -> Iterator[Path]:
    # A build may exchange the segments' files while they are looked at.
    try:
        yield from [path for path in folder.rglob("*") if path.is_file()]
    except OSError:
        return


def memory_percent() -> int:
    """The resident memory of this process as a part of the machine's."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 100 // os.sysconf("SC_PHYS_PAGES")


def storage_percent(collection: Collection) -> int:
    """How full the file system of a collection is."""
    usage = shutil.disk_usage(collection.home)
    return usage.used * 100 // usage.total
