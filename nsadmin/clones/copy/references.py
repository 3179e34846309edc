"""Giving the points of a copy their new references, in groups of equal changes.

A copy that came as a whole has the payloads of the source. Most points refer to the
same few resources, so one write renames the references of thousands of them.
"""

from collections.abc import Iterator
from typing import Any

from nsadmin.clones.copy.context import SETTINGS_KEY, CopyContext
from nsadmin.clones.rewrite.payload import names_another
from nsadmin.clones.rewrite.remap import LOST_REFERENCES
from nsadmin.clones.rewrite.writes import ReferenceWrites, Write
from nsadmin.stores.qdrant.bulk import payloads
from nsadmin.stores.qdrant.bulk.batches import SHARD_KEY
from nsadmin.stores.qdrant.bulk.payloads import PayloadWrite
from nsadmin.transfer.settings import has_shard_keys

Point = dict[str, Any]
PointId = int | str
_Groups = dict[tuple[Write, int | str | None], list[PointId]]


def is_foreign_copy(context: CopyContext, point: Point) -> bool:
    """Tell whether a point of the copy names neither the source nor the clone.

    Such a point is copied as it is.
    """
    return names_another(
        point.get("payload") or {},
        context.source.namespace_id,
        context.target.namespace_id,
    )


def rewrite(context: CopyContext, rows: list[Point], changes: ReferenceWrites) -> None:
    """Give points their new references; those that have them already stay.

    Safe to repeat, also after a part of it. Points that name another namespace must not
    be among them.
    """
    groups = _groups(context, rows, changes)
    if changes.has_loss and LOST_REFERENCES not in context.omissions.sentences:
        context.omissions.add(LOST_REFERENCES)
        context.save()  # what is removed now would not be seen again
    context.job.raise_if_interrupted()
    payloads.merge(
        context.target_cluster, context.target.collection, _payload_writes(groups)
    )


def _groups(
    context: CopyContext, rows: list[Point], changes: ReferenceWrites
) -> _Groups:
    """Return the points that need each change, at each level of their payloads."""
    by_key = has_shard_keys(context.job.cursor.get(SETTINGS_KEY) or {})
    groups: _Groups = {}
    for row in rows:
        shard_key = row.get(SHARD_KEY) if by_key else None
        for write in changes.of(row.get("payload") or {}):
            groups.setdefault((write, shard_key), []).append(row["id"])
    return groups


def _payload_writes(groups: _Groups) -> Iterator[PayloadWrite]:
    for (write, shard_key), ids in groups.items():
        yield PayloadWrite(
            ids=tuple(ids),
            values=write.values,
            path=write.path,
            is_whole=write.is_whole,
            shard_key=shard_key,
        )
