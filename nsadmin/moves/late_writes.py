"""Points that arrived at the old collection after the last pass, during the switch.

They are inserted where the new collection lacks them. What the new one has is newer and
stays: the namespace's programs write there since the switch. A point that both have may
have been changed at the old one too late; such points are counted, and those that only
the old one has. Some time after the switch a lacking point has rather been deleted
since, so then it is only counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.utils import timezone

from nsadmin.moves.collection import session
from nsadmin.moves.context import MoveContext
from nsadmin.namespaces.change.moving import FINISH
from nsadmin.namespaces.schema.moving import fallback_of
from nsadmin.stores.qdrant import points
from nsadmin.transfer import compare
from nsadmin.transfer.compare import Differences
from nsadmin.transfer.site import Site

Point = dict[str, Any]

_IDS: Final = 1000
_BATCH: Final = 100
# How long after the switch points are still inserted.
_SWITCH: Final = timedelta(minutes=2)
# Cursor entry: the position of the pass that counts differing points.
_COUNTING_KEY: Final = "counting"


@dataclass(frozen=True, slots=True)
class Late:
    """How many points the new collection lacked: inserted ones, and others."""

    inserted: int
    lacking: int


def bring_over(context: MoveContext) -> Late:
    """Insert the old collection's points that the new one lacks, or count them."""
    number = lacking = 0
    left = fallback_of(context.namespace)
    for ids in _missing(context):
        context.job.raise_if_interrupted()
        if left is None or left.since is None or timezone.now() - left.since > _SWITCH:
            lacking += len(ids)
            continue
        rows, _ = points.page(
            context.source.cluster,
            context.source.collection,
            limit=len(ids),
            with_vectors=True,
            where={"must": [{"has_id": ids}]},
        )
        points.put(
            context.target.cluster, context.target.collection, rows, insert_only=True
        )
        number += len(rows)
    return Late(number, lacking)


def differing(context: MoveContext) -> Differences:
    """Count the points that differ, and those that only one side has.

    They were written during the switch at the old one, or since then at the new one;
    which of both cannot be told, so this is the most that can be missed.
    """
    state = context.job.cursor.setdefault(_COUNTING_KEY, {})
    return compare.reconcile(
        session(context, FINISH), state, deletes_extra=False, repairs=False
    )


def _missing(context: MoveContext) -> Iterator[list[int | str]]:
    """Yield ids that the old collection has and the new one has not, in batches."""
    for ids in _pages(context.source):
        where = {"must": [{"has_id": ids}]}
        found, _ = points.page(
            context.target.cluster,
            context.target.collection,
            limit=len(ids),
            where=where,
            only=[],
        )
        there = {point["id"] for point in found}
        lacking = [key for key in ids if key not in there]
        for start in range(0, len(lacking), _BATCH):
            yield lacking[start : start + _BATCH]


def _pages(site: Site) -> Iterator[list[int | str]]:
    """Yield the ids of a collection, page by page."""
    offset: int | str | None = None
    while True:
        page = points.read_page(
            site.cluster, site.collection, offset=offset, limit=_IDS, only=[]
        )
        if page.points:
            yield [point["id"] for point in page.points]
        if page.next_offset is None or page.next_offset == offset:
            return
        offset = page.next_offset
