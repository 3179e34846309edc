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


@dataclass(frozen=True, slots=True)
class Row:
    """A point as JSON, with its id and the key of the shard to which it is written."""

    id: PointId
    content: bytes
    shard_key: int | str | None = None

    @classmethod
    def of(cls, point: Json) -> "Row":
        """Return the row of a point."""
        content = orjson.dumps({k: v for k, v in point.items() if k != SHARD_KEY})
        return cls(point["id"], content, point.get(SHARD_KEY))


def pack(
    points: Iterable[Row],
    *,
    insert_only: bool = False,
    max_bytes: int,
    max_points: int | None = None,
) -> Iterator[Batch]:
    """Yield the points in batches whose bodies have at most `max_bytes`.

    A point that is larger by itself has a batch of its own. Points of different shards
    are not mixed.
    """
    for shard_key, group in groupby(_by_shard(points), key=lambda row: row.shard_key):
        start = _start(shard_key, insert_only=insert_only)
        ids: list[PointId] = []
        rows: list[bytes] = []
        size = len(start) + len(_END)
        for row in group:
            length = len(row.content) + 1
            is_full = size + length > max_bytes or len(rows) == max_points
            if rows and is_full:
                yield Batch(start, tuple(ids), tuple(rows))
                ids, rows, size = [], [], len(start) + len(_END)
            ids.append(row.id)
            rows.append(row.content)
            size += length
        if rows:
            yield Batch(start, tuple(ids), tuple(rows))


def _by_shard(rows: Iterable[Row]) -> Iterable[Row]:
    """Return the rows of each shard together, if there are shards with keys."""
    listed = list(rows)
    if all(row.shard_key is None for row in listed):
        return listed
    return sorted(listed, key=lambda row: repr(row.shard_key))


def _start(shard_key: int | str | None, *, insert_only: bool) -> bytes:
    """Return the body up to its first point."""
    head: Json = {}
    if insert_only:
        head["update_mode"] = "insert_only"
    if shard_key is not None:
        head[SHARD_KEY] = shard_key
    head["points"] = []
    return orjson.dumps(head).removesuffix(_END)
