"""The difference between a payload and its rewritten form, as writes of Qdrant. Pure.

Qdrant's `set_payload` merges a map into the payload at a path: each key is replaced
whole, and a key whose value is null is removed. So one write for each level of nested
maps is enough, whatever names the keys have; only the path has to be of plain names.
A value that is to become null cannot be set that way: then the map that holds it is
replaced whole, one level up. The writes of a point do not depend on each other, and the
same ones again change nothing.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

import orjson

from nsadmin.clones.rewrite.id_map import IdMap
from nsadmin.clones.rewrite.payload import may_refer, rewrite_entry

Json = Any
Payload = dict[str, Json]

# The names that may stand in a path of Qdrant without quotes.
_PLAIN: Final = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Write:
    """A map that is merged into a payload at a path; `""` is the payload itself.

    `is_whole` is for a payload that is replaced as a whole instead.
    """

    path: str
    values: bytes
    is_whole: bool = False


Writes = tuple[Write, ...]


class _NeedsParent(Exception):
    """A level cannot be written by itself: the map has to be set whole above it."""


@dataclass(frozen=True, slots=True)
class _Change:
    """What becomes of one field of a payload.

    It gets a `value`, or is removed if that is null; or writes `below` change it.
    `is_loss` tells whether a reference to a resource that is not copied goes.
    """

    value: Json = None
    below: Writes | None = None
    is_loss: bool = False


class ReferenceWrites:
    """The writes that give payloads their new ids.

    Points share most of their references, so the changes of fields are remembered.
    `has_loss` is true once a reference to a resource that is not copied was removed.
    """

    _MOST: Final = 20_000

    def __init__(self, ids: IdMap) -> None:
        self._ids = ids
        self._known: dict[tuple[str, str | bytes], _Change | None] = {}
        self.has_loss = False

    def of(self, payload: Payload) -> Writes:
        """Return the writes for a payload; none if it has no reference."""
        values: Payload = {}
        below: list[Write] = []
        for name, value in payload.items():
            change = self._change(name, value)
            if change is None:
                continue
            self.has_loss = self.has_loss or change.is_loss
            if change.below is None:
                values[name] = change.value
            else:
                below += change.below
        own = [Write("", _bytes(values))] if values else []
        return (*own, *below)

    def _change(self, name: str, value: Json) -> _Change | None:
        """Return what becomes of a field; None if it stays as it is."""
        if isinstance(value, str):
            if not may_refer(name):
                return None
            key: tuple[str, str | bytes] = (name, value)
        elif isinstance(value, dict | list):
            key = (name, orjson.dumps(value))
        else:
            return None
        if key not in self._known:
            if len(self._known) >= self._MOST:
                self._known.clear()
            self._known[key] = self._found(name, value)
        return self._known[key]

    def _found(self, name: str, value: Json) -> _Change | None:
        wanted, is_kept = rewrite_entry(name, value, self._ids)
        if is_kept and _is_same(value, wanted):
            return None
        is_loss = rewrite_entry(name, value, self._ids.only_absent) != (value, True)
        if not is_kept:
            return _Change(is_loss=is_loss)
        below = _writes_below(value, wanted, (name,))
        return _Change(wanted, None if below is None else tuple(below), is_loss)


def writes_between(before: Payload, after: Payload) -> Writes:
    """Return the writes that turn one payload into another, one for each level."""
    found: list[Write] = []
    try:
        _compare(before, after, (), found)
    except _NeedsParent:
        return (Write("", _bytes(after), is_whole=True),)
    return tuple(found)


def _compare(
    before: Payload, after: Payload, path: tuple[str, ...], found: list[Write]
) -> None:
    """Add the writes of a level and of those below it; raise _NeedsParent."""
    values: Payload = {name: None for name in before if name not in after}
    below: list[Write] = []
    for name, value in after.items():
        if name in before and _is_same(before[name], value):
            continue
        inner = _writes_below(before.get(name), value, (*path, name))
        if inner is not None:
            below += inner
        elif value is None:
            raise _NeedsParent
        else:
            values[name] = value
    if values:
        found.append(Write(".".join(path), _bytes(values)))
    found += below


def _writes_below(
    before: Json, after: Json, path: tuple[str, ...]
) -> list[Write] | None:
    """Return the writes within two maps; None if the value has to be set whole."""
    are_maps = isinstance(before, dict) and isinstance(after, dict)
    if not are_maps or not _PLAIN.fullmatch(path[-1]):
        return None
    found: list[Write] = []
    try:
        _compare(before, after, path, found)
    except _NeedsParent:
        return None
    return found


def _is_same(one: Json, other: Json) -> bool:
    """Tell whether two values are equal with their types: 1 and 1.0 are not."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(
            _is_same(value, other[name]) for name, value in one.items()
        )
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    return bool(one == other)


def _bytes(value: Json) -> bytes:
    """Return the JSON of a map with sorted keys, so that equal maps are equal bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
