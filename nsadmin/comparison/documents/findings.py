"""What a comparison has found so far; kept as JSON between slices. Pure."""

import base64
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Json = dict[str, Any]
PointId = int | str
Side = Literal["left", "right"]

# Fields with different names in a report, and examples of each sort.
MOST_PATHS: Final = 200
OTHER_PATHS: Final = "(other fields)"
MOST_EXAMPLES: Final = 20
# Documents of one side only, whose contents are remembered to find them on the other.
# It is the most of one range; they are written with every checkpoint.
MOST_LOOSE: Final = 5_000
_KEY_BYTES: Final = 8
_VECTORS_BYTES: Final = 4
_LOOSE_BYTES: Final = _KEY_BYTES + _VECTORS_BYTES
_MODULUS: Final = 1 << 128
_ZERO: Final = "0" * 32


@dataclass(frozen=True, slots=True)
class Loose:
    """The content of a document that only one side has, as digests.

    `key` is of the payload without system fields, `vectors` of all its vectors.
    """

    key: bytes
    vectors: bytes

    @classmethod
    def of(cls, key: bytes, vectors: bytes) -> "Loose":
        """Return the content with digests of the kept length."""
        return cls(key[:_KEY_BYTES], vectors[:_VECTORS_BYTES])


@dataclass(slots=True)
class Findings:
    """Counts, names and examples.

    `counts` has read_left, read_right, both, different, payload, vectors, only_left and
    only_right. `paths` maps fields of payloads to how often they differ, `names` does
    so for vectors. `digests` are sums over both sides that the order does not change.
    `loose` has the contents of documents of one side, `crowded` is True once there
    were too many of them.
    """

    counts: Counter[str] = field(default_factory=Counter)
    paths: Counter[str] = field(default_factory=Counter)
    names: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[Json]] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    loose: dict[str, bytearray] = field(default_factory=dict)
    crowded: bool = False

    def add_pair(self, example: Json, paths: list[str], names: list[str]) -> None:
        """Count a document that both sides have; equal without paths and names."""
        self.counts["both"] += 1
        if not paths and not names:
            return
        self.counts["different"] += 1
        self.counts["payload"] += bool(paths)
        self.counts["vectors"] += bool(names)
        _count(self.paths, paths)
        _count(self.names, names)
        self.add_example("different", {**example, "paths": paths[:5], "vectors": names})

    def add_alone(self, side: Side, point_id: PointId, loose: Loose | None) -> None:
        """Count a document that only one side has, and remember its content."""
        self.counts[f"only_{side}"] += 1
        kept = self.loose.setdefault(side, bytearray())
        example: Json = {side: point_id}
        if loose is None or len(kept) >= MOST_LOOSE * _LOOSE_BYTES:
            self.crowded = True
        else:
            kept += loose.key + loose.vectors
            example["key"] = loose.key.hex()
        self.add_example(f"only_{side}", example)

    @property
    def wants_contents(self) -> bool:
        """Whether contents of documents of one side are still remembered."""
        return not self.crowded

    def add_example(self, sort: str, example: Json) -> None:
        """Keep an example, unless there are enough of its sort."""
        some = self.examples.setdefault(sort, [])
        if len(some) < MOST_EXAMPLES:
            some.append(example)

    def add_digest(self, side: Side, digest: bytes) -> None:
        """Add the digest of a document to the sum of its side."""
        total = int(self.digests.get(side, _ZERO), 16)
        total = (total + int.from_bytes(digest, "big")) % _MODULUS
        self.digests[side] = f"{total:032x}"

    def join(self, other: "Findings") -> None:
        """Add the findings of another range of ids."""
        self.counts += other.counts
        for mine, theirs in ((self.paths, other.paths), (self.names, other.names)):
            _count(mine, theirs)
        for sort, some in other.examples.items():
            for example in some:
                self.add_example(sort, example)
        for side, digest in other.digests.items():
            self.add_digest(side, bytes.fromhex(digest))  # type: ignore[arg-type]
        for side, kept in other.loose.items():
            self.loose.setdefault(side, bytearray()).extend(kept)
        self.crowded = self.crowded or other.crowded

    def to_json(self) -> Json:
        """Return the state that `read` reads."""
        return {
            "counts": dict(self.counts),
            "paths": dict(self.paths),
            "names": dict(self.names),
            "examples": {sort: list(some) for sort, some in self.examples.items()},
            "digests": dict(self.digests),
            "loose": {s: base64.b64encode(k).decode() for s, k in self.loose.items()},
            "crowded": self.crowded,
        }

    @classmethod
    def read(cls, stored: Json) -> "Findings":
        """Return the findings that were kept as JSON; empty ones for {}."""
        return cls(
            counts=Counter(stored.get("counts") or {}),
            paths=Counter(stored.get("paths") or {}),
            names=Counter(stored.get("names") or {}),
            examples={k: list(v) for k, v in (stored.get("examples") or {}).items()},
            digests=dict(stored.get("digests") or {}),
            loose={
                side: bytearray(base64.b64decode(kept))
                for side, kept in (stored.get("loose") or {}).items()
            },
            crowded=bool(stored.get("crowded")),
        )


def _count(counts: Counter[str], found: list[str] | Counter[str]) -> None:
    for name, times in Counter(found).items():
        is_known = name in counts or len(counts) < MOST_PATHS
        counts[name if is_known else OTHER_PATHS] += times


@dataclass(frozen=True, slots=True)
class Matched:
    """Documents of both sides with the same content under different ids.

    `same` have equal vectors as well, `other_vectors` have not. `keys` has the contents
    of one side that were found on the other, for leaving out their examples.
    """

    same: int
    other_vectors: int
    keys: frozenset[str]


def matched(findings: Findings) -> Matched | None:
    """Match the documents of one side with the other's by content, one to one.

    None if there were too many of them to remember.
    """
    if findings.crowded:
        return None
    left = Counter(_split(findings.loose.get("left", bytearray())))
    right = Counter(_split(findings.loose.get("right", bytearray())))
    keys_left = Counter(loose.key for loose in left.elements())
    keys_right = Counter(loose.key for loose in right.elements())
    both = keys_left & keys_right
    same = (left & right).total()
    return Matched(
        same=same,
        other_vectors=both.total() - same,
        keys=frozenset(key.hex() for key in both),
    )


def _split(kept: bytearray) -> list[Loose]:
    return [
        Loose(bytes(kept[at : at + _KEY_BYTES]), bytes(kept[at + _KEY_BYTES : at + 12]))
        for at in range(0, len(kept), _LOOSE_BYTES)
    ]
