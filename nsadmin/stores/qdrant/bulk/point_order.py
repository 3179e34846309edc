"""Qdrant's order of point ids: numbers first, then UUIDs by their value. Pure."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final
from uuid import UUID

PointId = int | str

_MAX_NUMBER: Final = 2**64 - 1


def sort_key(point_id: object) -> tuple[int, int]:
    """Return a key that sorts ids as Qdrant does; raise ValueError for others."""
    if isinstance(point_id, int) and not isinstance(point_id, bool):
        if not 0 <= point_id <= _MAX_NUMBER:
            raise ValueError(point_id)
        return 0, point_id
    if isinstance(point_id, str):
        return 1, UUID(point_id).int
    raise ValueError(point_id)


def disorder(
    offset: PointId | None, ids: Sequence[PointId], next_offset: PointId | None
) -> str:
    """Say what is wrong with a page of points in id order; "" if nothing is.

    Ids of a page grow, start at `offset` and end before `next_offset`. A page that
    breaks this could go on without end.
    """
    ordered: list[PointId] = [*ids] if next_offset is None else [*ids, next_offset]
    if next_offset is not None and not ids:
        return "it names a next page after an empty one"
    try:
        keys = [sort_key(point_id) for point_id in ordered]
        least = None if offset is None else sort_key(offset)
    except ValueError:
        return "a point id is neither a number nor a UUID"
    if least is not None and keys and keys[0] < least:
        return "a page starts before the place it was asked for"
    if any(later <= earlier for earlier, later in pairwise(keys)):
        return "the ids do not grow from point to point"
    return ""
