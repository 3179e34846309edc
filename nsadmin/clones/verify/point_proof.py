"""The proof that a point of the clone is the source's point, and what differs. Pure."""

from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final
from unicodedata import normalize

from nsadmin.clones.verify.canonical import (
    Canonical,
    Marks,
    Path,
    canonical,
    is_reference_field,
    serialized,
)
from nsadmin.transfer import vectors

Point = dict[str, Any]

_MAX_SHOWN: Final = 60
_DIGEST_MODULUS: Final = 1 << 128
_TYPES: Final = {
    "str": "text",
    "int": "an integer",
    "float": "a float",
    "bool": "true or false",
    "NoneType": "null",
    "list": "an empty list",
    "dict": "an empty object",
}


@dataclass(frozen=True, slots=True)
class PointProof:
    """The result for one point; `difference` is empty if the two are equal."""

    difference: str
    changed: Counter[str]
    source_digest: int
    clone_digest: int


def prove(
    source: Point,
    clone: Point | None,
    marks: Marks,
    scaled: vectors.Scaled,
    *,
    is_foreign: bool,
) -> PointProof:
    """Compare a point with the clone's; a foreign one has to be unchanged."""
    if clone is None:
        return PointProof(f"Point {source['id']} is missing.", Counter(), 0, 0)
    before = canonical(
        source.get("payload") or {}, None if is_foreign else marks.source
    )
    after = canonical(clone.get("payload") or {}, None if is_foreign else marks.clone)
    one, other = before.content(), after.content()
    source_vectors = vectors.named(source.get("vector"))
    clone_vectors = vectors.named(clone.get("vector"))
    found = vectors.difference(source_vectors, clone_vectors, scaled)
    if found:
        found = f"Point {source['id']}: {found}."
    if one != other:
        found = f"Point {source['id']}: {payload_difference(before, after, marks)}"
    return PointProof(
        difference=found,
        changed=before.marked,
        source_digest=_digest(source["id"], one, source_vectors),
        # A vector that Qdrant scaled once more counts as the source's.
        clone_digest=_digest(clone["id"], other, source_vectors)
        if not found
        else _digest(clone["id"], other, clone_vectors),
    )


def _digest(point_id: int | str, content: bytes, named: vectors.Vectors) -> int:
    """Return a 128-bit hash of a point's id, payload and vectors."""
    made = blake2b(serialized(point_id) + content, digest_size=16)
    for name in sorted(named):
        made.update(serialized(name) + vectors.numbers(named[name]))
    return int.from_bytes(made.digest(), "big")


def add_digests(total: str, digests: list[int]) -> str:
    """Add digests to a sum in hex, which does not depend on the order of the points."""
    return f"{(int(total, 16) + sum(digests)) % _DIGEST_MODULUS:032x}"


def payload_difference(source: Canonical, clone: Canonical, marks: Marks) -> str:
    """Return a sentence about the first field in which two payloads differ."""
    for path in sorted(source.leaves.keys() | clone.leaves.keys(), key=repr):
        field = marks.shown(field_name(path))
        if path not in clone.leaves:
            return f"field {field} is missing."
        if path not in source.leaves:
            return f"field {field} is not in the source."
        one, other = source.leaves[path], clone.leaves[path]
        if serialized(one) != serialized(other):
            return f"field {field} {_value_difference(path, one, other, marks)}"
    return "the payload differs."


def _value_difference(path: Path, one: Any, other: Any, marks: Marks) -> str:
    if type(one) is not type(other):
        return (
            f"is {_TYPES.get(type(other).__name__, 'of another type')}, "
            f"in the source {_TYPES.get(type(one).__name__, 'of another type')}."
        )
    shown, other_shown = _shown(one, marks), _shown(other, marks)
    pattern = field_name(path, numbered=False)
    if isinstance(one, str) and marks.secret in one:
        if shown == other_shown and marks.secret not in other:
            return f"still refers to the source: {other_shown}."
        return f"refers to {other_shown} instead of {shown}."
    if not is_reference_field(pattern) and _is_renamed(one, other, marks):
        return (
            f"was changed from {shown} to {other_shown}, but is no documented "
            "reference field."
        )
    if isinstance(one, str) and normalize("NFC", one) == normalize("NFC", other):
        return f"has another Unicode form than in the source: {other_shown}."
    return f"is {other_shown}, in the source {shown}."


def _is_renamed(one: Any, other: Any, marks: Marks) -> bool:
    """Tell whether a text was changed by giving an id of the source its new one."""
    if not isinstance(one, str) or not isinstance(other, str):
        return False
    old = {text for ids in marks.source.by_kind.values() for text in ids if text in one}
    return bool(old) and any(text in other for text in marks.clone.generated)


def _shown(value: Any, marks: Marks) -> str:
    text = marks.shown(value) if isinstance(value, str) else repr(value)
    clipped = text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"
    if isinstance(value, str) and len(text) > _MAX_SHOWN:
        return f"“{clipped}” ({len(text):,} characters)"
    return f"“{clipped}”" if isinstance(value, str) else clipped


def field_name(path: Path, *, numbered: bool = True) -> str:
    """Return a path as text, such as `edges[0].target_collection_id`."""
    name = ""
    for part in path:
        if isinstance(part, int):
            name += f"[{part}]" if numbered else "[]"
        else:
            name += f".{part}" if name else part
    return name[:200]
