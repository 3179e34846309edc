"""Writing points in batches that the cluster and the collection take."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings

from nsadmin.errors import UpstreamError
from nsadmin.stores.qdrant.bulk import batches, exchange, learned_limits
from nsadmin.stores.qdrant.bulk.batches import Batch, Row
from nsadmin.stores.qdrant.bulk.exchange import BodyTooLarge, megabytes
from nsadmin.stores.qdrant.bulk.strict_mode import StrictModeRefusal
from nsadmin.stores.qdrant.cluster import Cluster, collection_name

Json = dict[str, Any]

# Refusals that a batch of fewer points may pass.
_BATCH_RULES = frozenset({"upsert_max_batchsize", "write_rate_limit"})


def put(
    cluster: Cluster, name: str, points: list[Json], *, insert_only: bool = False
) -> None:
    """Write points and wait until they are applied; the same ones again change nothing.

    `insert_only` leaves points that exist as they are. A batch that the cluster refuses
    as too large is split in half, down to single points. Raises UpstreamError with code
    `point_too_large` for a single point that is too large; points before it are
    written, and the ones behind it are not.
    """
    put_rows(cluster, name, map(Row.of, points), insert_only=insert_only)


def put_rows(
    cluster: Cluster, name: str, rows: Iterable[Row], *, insert_only: bool = False
) -> None:
    """Like `put`, for points that are JSON already."""
    path = f"/collections/{collection_name(name)}/points?wait=true"
    allowed = learned_limits.known(cluster, name).most_points_written
    waiting = list(
        batches.pack(
            rows,
            insert_only=insert_only,
            max_bytes=learned_limits.batch_bytes(cluster),
            max_points=None if allowed is None else max(1, allowed),
        )
    )
    waiting.reverse()
    while waiting:
        batch = waiting.pop()
        try:
            _send(cluster, path, batch)
        except BodyTooLarge as refused:
            learned_limits.refuse_body(cluster, batch.size)
            if len(batch) == 1:
                raise _too_large(batch, refused.limit) from None
            waiting += reversed(batch.halves())
        except StrictModeRefusal as refused:
            waiting += reversed(_smaller(cluster, name, batch, refused))


def _send(cluster: Cluster, path: str, batch: Batch) -> None:
    most = int(settings.NSADMIN_QDRANT_MAX_BODY_BYTES)
    if batch.size > most and len(batch) == 1:
        raise _too_large(batch, most)
    exchange.call(cluster, "PUT", path, batch.body)


def _too_large(batch: Batch, limit: int | None) -> UpstreamError:
    (point_id,) = batch.ids
    known = f"at most {megabytes(limit)}" if limit else "less"
    return UpstreamError(
        f"Point {point_id} has {megabytes(batch.size)}; the server takes {known}.",
        code="point_too_large",
        details={"store": "qdrant", "point": point_id, "bytes": batch.size},
    )


def _smaller(
    cluster: Cluster, name: str, batch: Batch, refused: StrictModeRefusal
) -> list[Batch]:
    """Return the batch in parts that the collection allows; else raise the refusal."""
    if refused.rule not in _BATCH_RULES or len(batch) == 1:
        raise refused
    allowed = learned_limits.learn(cluster, name).most_points_written
    if allowed is not None and 0 < allowed < len(batch):
        return batch.parts(allowed)
    return batch.halves()
