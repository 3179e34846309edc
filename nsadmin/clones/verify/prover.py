"""Comparing many points of a source with the clone's, decoding only what is needed.

Vectors whose JSON is the same are equal, and most contents are. Only what is not the
same at first sight is taken apart, which also says what differs.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import msgspec

from nsadmin.clones.copy import foreign
from nsadmin.clones.copy.context import CopyContext
from nsadmin.clones.verify.canonical import Marks, serialized
from nsadmin.clones.verify.content import Contents
from nsadmin.clones.verify.point_proof import PointProof, prove
from nsadmin.stores.qdrant.answers import MalformedAnswer
from nsadmin.stores.qdrant.bulk.batches import SHARD_KEY
from nsadmin.stores.qdrant.bulk.raw_points import RawPoint
from nsadmin.transfer.vectors import Scaled

Point = dict[str, Any]
PointId = int | str

_names = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True)
class SourcePoint:
    """A point of the source with its decoded payload; `is_foreign` as in `foreign`."""

    raw: RawPoint
    payload: Point
    is_foreign: bool

    @property
    def id(self) -> PointId:
        """The point's id."""
        return self.raw.id

    def vector_names(self) -> Iterable[str]:
        """Return the names of its vectors; the unnamed one has an empty name."""
        vector = bytes(self.raw.vector)
        if not vector.startswith(b"{"):
            return [""] if vector.startswith(b"[") and vector != b"[]" else []
        try:
            return _names.decode(vector)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise MalformedAnswer.of("the vectors of a point are no object") from None

    def decoded(self) -> Point:
        """Return the whole point as it was read."""
        point = _decoded(self.raw, self.payload)
        if self.raw.shard_key is not None:
            point[SHARD_KEY] = self.raw.shard_key
        return point


class Prover:
    """Compares points with the marks of one pass; it remembers what points share."""

    def __init__(self, context: CopyContext, marks: Marks, scaled: Scaled) -> None:
        self._context = context
        self._marks = marks
        self._scaled = scaled
        self._source = Contents(marks.source)
        self._clone = Contents(marks.clone)
        self._unmarked = Contents(None)

    def source(self, raw: RawPoint) -> SourcePoint:
        """Return a point of the source as it is compared."""
        payload = raw.decoded_payload()
        is_foreign = foreign.is_foreign(self._context, {"payload": payload})
        return SourcePoint(raw, payload, is_foreign)

    def is_expected(self, source: SourcePoint) -> bool:
        """Tell whether the clone gets the point; raise Conflict for a forbidden one."""
        if self._context.tenant is None or not source.is_foreign:
            return True
        point = {"id": source.id, "payload": source.payload}
        return bool(foreign.copied_points(self._context, [point]))

    def prove(
        self, expected: list[SourcePoint], actual: Mapping[PointId, RawPoint]
    ) -> dict[PointId, PointProof]:
        """Return the proof of each point by its id."""
        return {one.id: self._proof(one, actual.get(one.id)) for one in expected}

    def _proof(self, source: SourcePoint, clone: RawPoint | None) -> PointProof:
        payload = None if clone is None else clone.decoded_payload()
        if clone is not None and payload is not None:
            marked: Counter[str] = Counter()
            own = self._unmarked if source.is_foreign else self._source
            other = self._unmarked if source.is_foreign else self._clone
            content = own.of(source.payload, marked)
            vector = bytes(source.raw.vector)
            is_same = content == other.of(payload, Counter())
            if is_same and vector == bytes(clone.vector):
                digest = _digest(source.id, content, vector)
                return PointProof("", marked, digest, digest)
        found = prove(
            _decoded(source.raw, source.payload),
            None if clone is None else _decoded(clone, payload or {}),
            self._marks,
            self._scaled,
            is_foreign=source.is_foreign,
        )
        if found.difference or clone is None:
            return found
        # The same numbers in other words, or scaled once more: they count as equal.
        digest = _digest(source.id, content, vector)
        return PointProof("", found.changed, digest, digest)


def _decoded(raw: RawPoint, payload: Point) -> Point:
    vector = raw.decoded_vector()
    return {"id": raw.id, "payload": payload, "vector": vector or {}}


def _digest(point_id: PointId, content: bytes, vector: bytes) -> int:
    """Return a 128-bit hash of a point's id, payload and vectors."""
    made = blake2b(serialized(point_id) + content + vector, digest_size=16)
    return int.from_bytes(made.digest(), "big")
