"""Canonical bytes of a payload, with its known ids replaced by marks. Pure.

This is the second way by which a clone is proven: it shares no code with the mapping
that made the clone. A payload is taken apart into its leaves, each at its whole path.
In the source's leaves every old id gets a mark, in the clone's every new id gets the
same mark, both only in the documented reference fields. If the mapping was right, the
bytes are equal; whatever else was changed, lost or added makes them differ. Types are
kept: 10, 10.0 and "10" differ, and so do an empty list and a missing field.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import orjson

from nsadmin.clones.rewrite.id_map import IdMap
from nsadmin.resources.references.fields import IdKind

Json = Any
# Names of fields and positions in lists, from the root to a leaf.
Path = tuple[str | int, ...]

# The documented reference fields, by their whole path: positions in a list are `[]`,
# keys of a map whose keys are ids are `{}`. See docs/contract.md, under "Clone".
_NAME: Final = r"(?:^|\.)"
_END: Final = r"(?:\[\])*\Z"
_Kinds = tuple[IdKind, ...]
_KINDS_BY_FIELD: Final[Mapping[str, _Kinds]] = {
    r"namespace_ids?": ("namespaces",),
    r"bucket_ids?": ("buckets",),
    r"collection_ids?": ("collections",),
    r"retriever_ids?": ("retrievers",),
    r"taxonomy_ids?": ("taxonomies",),
    rf"{_NAME}collection_identifiers": ("collections",),
    rf"{_NAME}inference_collections": ("collections",),
    rf"{_NAME}s3_vector_index": ("collections",),
    rf"{_NAME}taxonomy_lineage": ("taxonomies",),
    rf"{_NAME}source_bucket_schemas": ("buckets",),
    rf"{_NAME}source_id": ("buckets", "collections"),
}
_FIELDS: Final = tuple(
    (re.compile(pattern + _END), kinds) for pattern, kinds in _KINDS_BY_FIELD.items()
)
_PATHS: Final = re.compile(
    rf"(?:lineage_path|{_NAME}lineage(?:\[\])*\.path){_END}",
)
_PATH_KINDS: Final[_Kinds] = ("namespaces", "buckets", "collections")
_TENANT: Final = re.compile(rf"internal_id{_END}")
# An id that was generated is recognized in any reference field, of whatever kind.
_GENERATED: Final = re.compile(r"(?:ns|bkt|col|ret|tax)_[\w-]{6,}")


class _Absent:
    """The id of a resource that is not copied: what refers to it is dropped."""


_ABSENT: Final = _Absent()
_Mark = str | _Absent


@dataclass(frozen=True, slots=True)
class Side:
    """The marks of one side, source or clone, by the ids as that side has them."""

    by_kind: Mapping[IdKind, Mapping[str, _Mark]]
    generated: Mapping[str, _Mark]
    tenant: Mapping[str, str]

    def mark_of(self, text: str, kinds: _Kinds) -> _Mark | None:
        """Return the mark of an id in a field of these kinds; None for other texts."""
        for kind in kinds:
            mark = self.by_kind.get(kind, {}).get(text)
            if mark is not None:
                return mark
        return self.generated.get(text)


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks of a job; no payload can hold one, because the secret is random.

    `either` has the marks of both sides, for payloads of which only some were given
    their new ids yet.
    """

    secret: str
    source: Side
    clone: Side
    either: Side

    @classmethod
    def of(cls, ids: IdMap, secret: str) -> "Marks":
        """Make the marks of every id of the source, for both sides.

        Raises ValueError if two ids of the source have the same new one.
        """
        old: dict[IdKind, dict[str, _Mark]] = {}
        new: dict[str, _Mark] = {}
        generated: dict[str, _Mark] = {}
        for kind, absent in ids.absent.items():
            old[kind] = dict.fromkeys(absent, _ABSENT)
            generated |= {o: _ABSENT for o in absent if _GENERATED.fullmatch(o)}
        for kind, renamed in ids.new.items():
            old[kind] = {o: f"<{secret}:{kind}:{o}>" for o in renamed}
            if len(set(renamed.values())) < len(renamed):
                raise ValueError(f"Two {kind} of the source have the same new id.")
            new |= {renamed[o]: mark for o, mark in old[kind].items()}
            generated |= {
                o: mark for o, mark in old[kind].items() if _GENERATED.fullmatch(o)
            }
        before, after = ids.tenant or ("", "")
        tenant = f"<{secret}:organizations:{before}>"
        return cls(
            secret,
            source=Side(old, generated, {before: tenant} if before else {}),
            clone=Side({}, new, {after: tenant} if after else {}),
            either=Side(
                old,
                {**generated, **new},
                {before: tenant, after: tenant} if before else {},
            ),
        )

    def shown(self, text: str) -> str:
        """Return a text with the source's ids instead of their marks."""
        return re.sub(rf"<{self.secret}:\w+:([^>]*)>", r"\1", text)


@dataclass(slots=True)
class Canonical:
    """A payload as leaves by their paths, and how often each field has a mark."""

    leaves: dict[Path, Json] = field(default_factory=dict)
    marked: Counter[str] = field(default_factory=Counter)

    def content(self) -> bytes:
        """Return the canonical bytes; the order of fields does not matter."""
        return serialized([[*path, leaf] for path, leaf in sorted(self.leaves.items())])


def canonical(payload: dict[str, Json], side: Side | None) -> Canonical:
    """Take a payload apart; without a side, no id gets a mark."""
    made = Canonical()
    waiting: list[tuple[Path, str, Json]] = [((), "", payload)]
    while waiting:
        path, name, value = waiting.pop()
        if isinstance(value, dict) and value:
            entries = list(_entries(made, side, name, value))
            waiting += [((*path, key), inner, e) for key, inner, e in entries]
            if not entries:
                made.leaves[path] = {}
        elif isinstance(value, list) and value:
            inner = f"{name}[]"
            kept = [e for e in value if not _is_absent(side, inner, e)]
            if len(kept) < len(value):
                made.marked[inner] += len(value) - len(kept)
            waiting += [((*path, n), inner, entry) for n, entry in enumerate(kept)]
            if not kept:
                made.leaves[path] = []
        else:
            made.leaves[path] = _leaf(made, side, name, value)
    return made


def _entries(
    made: Canonical, side: Side | None, name: str, value: dict[str, Json]
) -> Iterator[tuple[str, str, Json]]:
    """Yield the entries of a map: key, or its mark, the entry's path, the entry."""
    kinds = _role_of(name).kinds if side is not None and name else ()
    for key, entry in value.items():
        mark = side.mark_of(key, kinds) if side is not None and kinds else None
        inner = f"{name}{{}}" if mark is not None else f"{name}.{key}" if name else key
        if mark is _ABSENT or _is_absent(side, inner, entry):
            made.marked[f"{name}{{}}" if mark is _ABSENT else inner] += 1
            continue
        if isinstance(mark, str):
            made.marked[f"{name}{{}}"] += 1
        yield mark if isinstance(mark, str) else key, inner, entry


@dataclass(frozen=True, slots=True)
class _Role:
    """What a field may hold by its path."""

    kinds: _Kinds = ()
    is_path: bool = False
    is_tenant: bool = False


@lru_cache(maxsize=5000)  # payloads may have any number of different fields
def _role_of(name: str) -> _Role:
    for pattern, kinds in _FIELDS:
        if pattern.search(name):
            return _Role(kinds=kinds)
    return _Role(
        is_path=bool(_PATHS.search(name)), is_tenant=bool(_TENANT.search(name))
    )


def is_reference_field(name: str) -> bool:
    """Tell whether a field, by its whole path, is documented to hold ids."""
    return _role_of(name) != _Role()


def _is_absent(side: Side | None, name: str, value: Json) -> bool:
    """Tell whether a value as a whole is the id of a resource that is not copied."""
    if side is None or not isinstance(value, str):
        return False
    kinds = _role_of(name).kinds
    return bool(kinds) and side.mark_of(value, kinds) is _ABSENT


def _leaf(made: Canonical, side: Side | None, name: str, value: Json) -> Json:
    if isinstance(value, float) and not math.isfinite(value):
        return _tagged(value)  # JSON has no such numbers; orjson writes null
    if side is None or not isinstance(value, str):
        return value
    role = _role_of(name)
    if role.is_tenant:
        marked = side.tenant.get(value, value)
    elif role.is_path:
        marked = _marked_path(side, value)
    else:
        mark = side.mark_of(value, role.kinds) if role.kinds else None
        marked = mark if isinstance(mark, str) else value
    if marked != value:
        made.marked[name] += 1
    return marked


def _marked_path(side: Side, value: str) -> str:
    """Mark the segments that are ids; segments are what no slash is in."""

    def segment(found: re.Match[str]) -> str:
        mark = side.mark_of(found[2], _PATH_KINDS) if found[2] else None
        if mark is None:
            return found[0]
        return "" if isinstance(mark, _Absent) else found[1] + mark

    marked = re.sub(r"(^|/)([^/]*)", segment, value)
    # Where the first segments are dropped, so is the slash behind them.
    starts = value.partition("/")[0]
    is_cut = bool(starts) and side.mark_of(starts, _PATH_KINDS) is _ABSENT
    return marked.removeprefix("/") if is_cut else marked


def serialized(value: Json) -> bytes:
    """Return JSON that tells every type apart, also types that JSON does not have."""
    return orjson.dumps(
        value,
        default=_tagged,
        option=orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATETIME,
    )


def _tagged(value: Json) -> Json:
    return [f"\0{type(value).__name__}", repr(value)]
