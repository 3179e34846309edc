"""How two documents differ: the fields of their payloads, and their vectors.

Fields are compared as canonical JSON with marks in the place of ids, vectors number by
number. Documents that name another namespace than their own are compared as they are.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final

from nsadmin.clones.rewrite.payload import names_another
from nsadmin.clones.verify.canonical import serialized
from nsadmin.clones.verify.content import Contents
from nsadmin.comparison.documents.findings import Findings, Loose, Side
from nsadmin.comparison.documents.marks import Correspondence
from nsadmin.names import clip
from nsadmin.namespaces.placement.tenants import is_of_another
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.payload_indexes import PROTECTED_INDEXES
from nsadmin.stores.qdrant.answers import MalformedAnswer
from nsadmin.stores.qdrant.bulk.raw_points import RawPoint
from nsadmin.transfer import vectors
from nsadmin.transfer.vectors import Scaled

Json = dict[str, Any]
Pair = tuple[RawPoint | None, RawPoint | None]
_Read = tuple[RawPoint, Json]

_LONGEST_NAME: Final = 200
# Fields that the system gives a document; the same content has others elsewhere.
_SYSTEM: Final = frozenset({*PROTECTED_INDEXES, "_internal"})


@dataclass(slots=True)
class _Own:
    """One side's readers of payloads: with marks, and without for foreign ones."""

    namespace_id: str
    tenant: str
    marked: Contents
    plain: Contents = field(default_factory=lambda: Contents(None))

    def contents(self, *, is_foreign: bool) -> Contents:
        return self.plain if is_foreign else self.marked

    def is_foreign(self, payload: Json) -> bool:
        return names_another(payload, self.namespace_id)

    def owned(self, point: RawPoint | None) -> _Read | None:
        """Return the point with its payload; None for one of another tenant."""
        if point is None:
            return None
        payload = point.decoded_payload()
        return None if is_of_another(payload, self.tenant) else (point, payload)


class PointPairs:
    """Compares documents and counts them; each thread needs one of its own."""

    def __init__(
        self, sides: tuple[Namespace, Namespace], same: Correspondence, scaled: Scaled
    ) -> None:
        left, right = sides
        marks = Contents(same.left), Contents(same.right)
        self._left = _Own(left.namespace_id, left.internal_id, marks[0])
        self._right = _Own(right.namespace_id, right.internal_id, marks[1])
        self._scaled = scaled

    def add(self, pair: Pair, findings: Findings, *, with_digests: bool) -> None:
        """Compare two documents, or count one that only one side has.

        A point of another tenant in a collection is passed over, as if it were absent.
        """
        left, right = self._left.owned(pair[0]), self._right.owned(pair[1])
        findings.counts["read_left"] += left is not None
        findings.counts["read_right"] += right is not None
        if left is not None and right is not None:
            self._add_both(left, right, findings, with_digests=with_digests)
        elif left is not None:
            self._add_alone("left", left, findings, with_digests=with_digests)
        elif right is not None:
            self._add_alone("right", right, findings, with_digests=with_digests)

    def _add_both(
        self, own: _Read, opposite: _Read, findings: Findings, *, with_digests: bool
    ) -> None:
        (left, ours), (right, theirs) = own, opposite
        is_foreign = self._left.is_foreign(ours) and self._right.is_foreign(theirs)
        one = self._left.contents(is_foreign=is_foreign)
        other = self._right.contents(is_foreign=is_foreign)
        content = one.of(ours, Counter())
        paths: list[str] = []
        if content != other.of(theirs, Counter()):
            paths = _differing(one, ours, other, theirs)
        names = differing_vectors(left, right, self._scaled)
        findings.add_pair({"left": left.id, "right": right.id}, paths, names)
        if with_digests:
            digest = _digest(left, content)
            findings.add_digest("left", digest)
            if paths or names:
                digest = _digest(right, other.of(theirs, Counter()))
            findings.add_digest("right", digest)

    def _add_alone(
        self, side: Side, alone: _Read, findings: Findings, *, with_digests: bool
    ) -> None:
        own = self._left if side == "left" else self._right
        point, payload = alone
        contents = own.contents(is_foreign=own.is_foreign(payload))
        loose = (
            self._loose(point, payload, contents) if findings.wants_contents else None
        )
        findings.add_alone(side, point.id, loose)
        if with_digests:
            findings.add_digest(side, _digest(point, contents.of(payload, Counter())))

    def _loose(self, point: RawPoint, payload: Json, contents: Contents) -> Loose:
        kept = {name: v for name, v in payload.items() if name not in _SYSTEM}
        made = blake2b(digest_size=8)
        for name, numbers in sorted(vectors.of_point(point).items()):
            made.update(serialized(name) + numbers)
        key = blake2b(contents.of(kept, Counter()), digest_size=8)
        return Loose.of(key.digest(), made.digest())


def _differing(one: Contents, ours: Json, other: Contents, theirs: Json) -> list[str]:
    """Return the fields of the payloads that differ, or that only one has."""
    nothing = one.of({}, Counter())
    found = []
    for name in sorted({**ours, **theirs}):
        left = one.of({name: ours[name]}, Counter()) if name in ours else nothing
        right = other.of({name: theirs[name]}, Counter()) if name in theirs else nothing
        if left != right:
            found.append(clip(name, _LONGEST_NAME))
    return found


def differing_vectors(left: RawPoint, right: RawPoint, scaled: Scaled) -> list[str]:
    """Return the names of the vectors that differ; the unnamed one is `(unnamed)`."""
    if bytes(left.vector) == bytes(right.vector):
        return []
    try:
        ours = vectors.named(left.decoded_vector())
        theirs = vectors.named(right.decoded_vector())
        return [
            clip(name, _LONGEST_NAME) or "(unnamed)"
            for name in sorted({**ours, **theirs})
            if vectors.difference(_only(ours, name), _only(theirs, name), scaled)
        ]
    except (TypeError, ValueError, LookupError, OverflowError, AttributeError):
        raise MalformedAnswer.of("a vector has another form than numbers") from None


def _only(some: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {name: some[name]} if name in some else {}


def _digest(point: RawPoint, content: bytes) -> bytes:
    made = blake2b(serialized(point.id) + content, digest_size=16)
    made.update(bytes(point.vector))
    return made.digest()
