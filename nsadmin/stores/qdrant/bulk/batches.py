"""Batches of points by the bytes of the body in which they are sent. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import orjson

Json = dict[str, Any]
PointId = int | str

_END: Final = b"]}"
# The key of a point that says to which shard it is written; only in custom sharding.
SHARD_KEY: Final = "shard_key"


@dataclass(frozen=True, slots=True)
class Batch:
    """Points as JSON with their ids, and the start of the body that holds them."""

    start: bytes
    ids: tuple[PointId, ...]
    rows: tuple[bytes, ...]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def size(self) -> int:
        """The exact number of bytes of the body."""
        commas = len(self.rows) - 1
        return len(self.start) + sum(map(len, self.rows)) + commas + len(_END)

    @property
    def body(self) -> bytes:
        return self.start + b",".join(self.rows) + _END

    def parts(self, most: int) -> list["Batch"]:
        """Return batches with at most so many points each, in the same order."""
        return [
            Batch(self.start, self.ids[at : at + most], self.rows[at : at + most])
            for at in range(0, len(self.rows), most)
        ]

    def halves(self) -> list["Batch"]:
        """Return two batches with half of the points each."""
        return self.parts((len(self.rows) + 1) // 2)


def pack(
    points: Iterable[Json],
    *,
    insert_only: bool = False,
    max_bytes: int,
    max_points: int | None = None,
) -> Iterator[Batch]:
    """Yield the points in batches whose bodies have at most `max_bytes`.

    A point that is larger by itself has a batch of its own. Points of different shards
    are not mixed.
    """
    for shard_key, group in groupby(points, key=lambda point: point.get(SHARD_KEY)):
        start = _start(shard_key, insert_only=insert_only)
        ids: list[PointId] = []
        rows: list[bytes] = []
        size = len(start) + len(_END)
        for point in group:
            row = orjson.dumps({k: v for k, v in point.items() if k != SHARD_KEY})
            is_full = size + len(row) + 1 > max_bytes or len(rows) == max_points
            if rows and is_full:
                yield Batch(start, tuple(ids), tuple(rows))
                ids, rows, size = [], [], len(start) + len(_END)
            ids.append(point["id"])
            rows.append(row)
            size += len(row) + 1
        if rows:
            yield Batch(start, tuple(ids), tuple(rows))


def _start(shard_key: int | str | None, *, insert_only: bool) -> bytes:
    """Return the body up to its first point."""
    head: Json = {}
    if insert_only:
        head["update_mode"] = "insert_only"
    if shard_key is not None:
        head[SHARD_KEY] = shard_key
    head["points"] = []
    return orjson.dumps(head).removesuffix(_END)
