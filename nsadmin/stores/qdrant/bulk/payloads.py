"""Merging values into the payloads of many points, in bodies that a cluster takes.

Several writes go in one `points/batch`. A server may apply some of them and refuse a
later one, so only writes that change nothing when they are repeated may be sent here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import orjson

from nsadmin.errors import UpstreamError
from nsadmin.stores.qdrant.bulk import exchange, learned_limits
from nsadmin.stores.qdrant.bulk.exchange import BodyTooLarge, megabytes
from nsadmin.stores.qdrant.bulk.strict_mode import StrictModeRefusal
from nsadmin.stores.qdrant.cluster import Cluster, collection_name

PointId = int | str

# Refusals that a body with fewer points may pass.
_BATCH_RULES: Final = frozenset({"upsert_max_batchsize", "write_rate_limit"})
# A server may need a millisecond for each point, and some for each write, and a call
# has to end by its deadline.
_MOST_POINTS: Final = 5_000
_MOST_WRITES: Final = 1_000
_START: Final = b'{"operations":['
_END: Final = b"]}"


@dataclass(frozen=True, slots=True)
class PayloadWrite:
    """A map, as JSON, that is merged into the payloads of points at a path.

    A key whose value is null is removed. With `is_whole` the map replaces the payload.
    """

    ids: tuple[PointId, ...]
    values: bytes
    path: str = ""
    is_whole: bool = False
    shard_key: int | str | None = None

    def json(self) -> bytes:
        """Return the operation of a batch."""
        head: dict[str, object] = {"points": self.ids}
        if self.path:
            head["key"] = self.path
        if self.shard_key is not None:
            head["shard_key"] = self.shard_key
        name = b"overwrite_payload" if self.is_whole else b"set_payload"
        rest = orjson.dumps(head).removesuffix(b"}")
        return b'{"%b":%b,"payload":%b}}' % (name, rest, self.values)

    def parts(self, most: int) -> "list[PayloadWrite]":
        """Return the same write for at most so many points each."""
        if len(self.ids) <= most:
            return [self]
        starts = range(0, len(self.ids), most)
        return [replace(self, ids=self.ids[at : at + most]) for at in starts]


_Rows = list[PayloadWrite]


def merge(cluster: Cluster, name: str, writes: Iterable[PayloadWrite]) -> None:
    """Send the writes and wait until they are applied, in any order.

    A body that the cluster refuses as too large is split in half. Raises UpstreamError
    with code `point_too_large` for a single write of one point that is too large.
    """
    path = f"/collections/{collection_name(name)}/points/batch?wait=true"
    waiting = list(_batches(cluster, name, writes))
    waiting.reverse()
    while waiting:
        batch = waiting.pop()
        body = _START + b",".join(write.json() for write in batch) + _END
        try:
            exchange.call(cluster, "POST", path, body)
        except BodyTooLarge as refused:
            learned_limits.refuse_body(cluster, len(body))
            waiting += reversed(_halves(batch, len(body), refused))
        except StrictModeRefusal as refused:
            if refused.rule not in _BATCH_RULES:
                raise
            learned_limits.learn(cluster, name)
            waiting += reversed(_halves(batch, len(body), refused))


def _batches(
    cluster: Cluster, name: str, writes: Iterable[PayloadWrite]
) -> Iterator[_Rows]:
    """Yield writes in batches within our own limits and those that are known."""
    allowed = learned_limits.known(cluster, name).most_points_written
    most = max(1, min(_MOST_POINTS, allowed or _MOST_POINTS))
    most_bytes = learned_limits.batch_bytes(cluster)
    batch: _Rows = []
    points, size = 0, 0
    for whole in writes:
        for write in whole.parts(most):
            length = len(write.json()) + 1
            is_full = points + len(write.ids) > most or size + length > most_bytes
            if batch and (is_full or len(batch) >= _MOST_WRITES):
                yield batch
                batch, points, size = [], 0, 0
            batch.append(write)
            points += len(write.ids)
            size += length
    if batch:
        yield batch


def _halves(
    batch: _Rows, size: int, refused: BodyTooLarge | StrictModeRefusal
) -> list[_Rows]:
    if len(batch) > 1:
        middle = len(batch) // 2
        return [batch[:middle], batch[middle:]]
    (write,) = batch
    if len(write.ids) > 1:
        return [[part] for part in write.parts((len(write.ids) + 1) // 2)]
    if isinstance(refused, StrictModeRefusal):
        raise refused
    raise UpstreamError(
        f"Point {write.ids[0]} has {megabytes(size)}; the server takes less.",
        code="point_too_large",
        details={"store": "qdrant", "point": write.ids[0], "bytes": size},
    ) from None
