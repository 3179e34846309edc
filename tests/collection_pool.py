"""Collections of earlier tests, used again: building indexes is what takes longest.

A spare is used only if its configuration and indexes are as they were made and it has
no points but those that are wanted.
"""

from operator import itemgetter
from typing import Any

from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import shared

Points = list[dict[str, Any]]

_MOST = 6
_made: dict[str, tuple[str, Any]] = {}
_free: dict[str, list[str]] = {}


def know(name: str, shape: str) -> None:
    """Remember a collection of that shape that has just been made."""
    _made[name] = (shape, _looks(name))


def keep(name: str) -> bool:
    """Put a collection aside at the end of a test; False if it has to go."""
    if name not in _made:
        return False
    free = _free.setdefault(_made[name][0], [])
    if name not in free and len(free) < _MOST:
        free.append(name)
    return name in free


def take(shape: str) -> str | None:
    """Return a spare of that shape, if there is one that nobody has changed."""
    free = _free.get(shape, [])
    while free:
        name = free.pop()
        if _looks(name) == _made[name][1]:
            return name
        drop(name)
    return None


def fill(name: str, wanted: Points) -> bool:
    """See that it has these points; False if the collection has others as well."""
    found, _ = points.page(shared(), name, limit=len(wanted) + 1, with_vectors=True)
    if found == sorted(wanted, key=itemgetter("id")):
        return True
    points.put(shared(), name, wanted)
    return points.count(shared(), name) == len(wanted)


def let_go() -> None:
    """Drop every spare, for a test that looks at all there is in Qdrant."""
    for free in _free.values():
        while free:
            drop(free.pop())


def drop(name: str) -> None:
    """Drop a collection that cannot be used again."""
    del _made[name]
    collections.drop(shared(), name)


def _looks(name: str) -> Any:
    live = collections.get(shared(), name)
    return live and (live.raw, live.vectors, _types(live))


def _types(live: collections.LiveCollection) -> dict[str, Any]:
    return {field: (index.type, index.params) for field, index in live.indexes.items()}
