"""New ids for a clone and the map from old to new ones. Pure.

A new id is derived from the job and the old id, so a job that runs twice writes the
same documents. Object and document ids are unique within a namespace and stay.
"""

import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from uuid import UUID, uuid5

IdKind = Literal["namespaces", "buckets", "collections", "retrievers", "taxonomies"]

ID_KINDS: Final[tuple[IdKind, ...]] = (
    "namespaces",
    "buckets",
    "collections",
    "retrievers",
    "taxonomies",
)
_SHAPE: Final[Mapping[IdKind, tuple[str, int]]] = {
    "namespaces": ("ns_", 12),
    "buckets": ("bkt_", 12),
    "collections": ("col_", 10),
    "retrievers": ("ret_", 12),
    "taxonomies": ("tax_", 12),
}
PREFIXES: Final = tuple(prefix for prefix, _ in _SHAPE.values())
_ALPHABET: Final = string.digits + string.ascii_lowercase


def new_id(job_id: UUID, kind: IdKind, old_id: str) -> str:
    """Return the id that a resource gets in the clone that this job makes."""
    prefix, length = _SHAPE[kind]
    number = uuid5(job_id, f"{kind}|{old_id}").int
    letters = []
    for _ in range(length):
        number, rest = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[rest])
    return prefix + "".join(letters)


def is_shaped(value: str) -> bool:
    """Tell whether a string looks like an id wherever it stands.

    Ids that other programs chose may be plain words; those count as references only
    under a key that holds references.
    """
    if not value.startswith(PREFIXES):
        return False
    rest = value.partition("_")[2]
    return len(rest) >= 6 and all(c.isalnum() or c in "_-" for c in rest)


@dataclass(frozen=True, slots=True)
class IdMap:
    """What becomes of every id of the source.

    `new` maps what is copied, kind by kind; `absent` holds what exists in the source
    and is not copied. `tenant` is (old, new) internal id where the clone goes to
    another organization.
    """

    new: Mapping[IdKind, Mapping[str, str]]
    absent: Mapping[IdKind, frozenset[str]] = field(default_factory=dict)
    tenant: tuple[str, str] | None = None
    _shaped: dict[str, str | None] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Collect the ids that are known by their shape alone."""
        for found in self.absent.values():
            self._shaped.update({old: None for old in found if is_shaped(old)})
        for mapped in self.new.values():
            self._shaped.update({o: n for o, n in mapped.items() if is_shaped(o)})

    def look_up(self, value: str, kinds: tuple[IdKind, ...]) -> str | None:
        """Return the new id, the empty string if it is absent, None if it is no id.

        `kinds` are those that the key promises; without any, only the shape counts.
        """
        for kind in kinds:
            found = self.new.get(kind, {}).get(value)
            if found is not None:
                return found
            if value in self.absent.get(kind, ()):
                return ""
        if value in self._shaped:
            return self._shaped[value] or ""
        return None

    @property
    def only_absent(self) -> "IdMap":
        """The same map as if nothing were copied: it finds what points away."""
        return IdMap({}, self.absent)

    @property
    def old_ids(self) -> frozenset[str]:
        """Every id of the source that must not be left in the clone."""
        mapped = {old for ids in self.new.values() for old in ids}
        return frozenset(mapped.union(*self.absent.values()))


def make_map(
    job_id: UUID,
    source_namespace_id: str,
    found: Mapping[IdKind, Iterable[str]],
    copied: Iterable[IdKind],
    tenant: tuple[str, str] | None = None,
) -> IdMap:
    """Give every id that was found in the source a new one, or mark it absent."""
    wanted = set(copied)
    new: dict[IdKind, dict[str, str]] = {
        "namespaces": {
            source_namespace_id: new_id(job_id, "namespaces", source_namespace_id)
        }
    }
    absent: dict[IdKind, frozenset[str]] = {}
    for kind, ids in found.items():
        if kind in wanted:
            new[kind] = {old: new_id(job_id, kind, old) for old in ids}
        else:
            absent[kind] = frozenset(ids)
    return IdMap(new, absent, tenant)
