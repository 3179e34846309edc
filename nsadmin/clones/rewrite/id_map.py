"""New ids for a clone, and the map from the source's ids to them. Pure.

A new id is derived from the job's id and the old id, so a stage that runs twice writes
the same documents. Object and document ids are unique within a namespace and stay.
"""

import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID, uuid5

from nsadmin.resources.references.fields import PREFIX_BY_KIND, IdKind, has_id_shape

# Letters after the prefix.
_LENGTHS: Final[Mapping[IdKind, int]] = {
    "namespaces": 12,
    "buckets": 12,
    "collections": 10,
    "retrievers": 12,
    "taxonomies": 12,
}
_ALPHABET: Final = string.digits + string.ascii_lowercase


def new_id(job_id: UUID, kind: IdKind, old_id: str) -> str:
    """Return the id of a resource in the clone that the job makes."""
    number = uuid5(job_id, f"{kind}|{old_id}").int
    letters = []
    for _ in range(_LENGTHS[kind]):
        number, digit = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[digit])
    return PREFIX_BY_KIND[kind] + "".join(letters)


@dataclass(frozen=True, slots=True)
class IdMap:
    """The new id of every id of the source.

    `new` maps the ids of copied resources, kind by kind; `absent` holds the ids of
    resources that the clone leaves out. `tenant` is the old and the new internal id if
    the clone goes to another organization. `_shaped` has all ids that are recognized
    by their form alone, with None for absent ones.
    """

    new: Mapping[IdKind, Mapping[str, str]]
    absent: Mapping[IdKind, frozenset[str]] = field(default_factory=dict)
    tenant: tuple[str, str] | None = None
    _shaped: dict[str, str | None] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Collect the ids that are recognized by their form alone."""
        for absent in self.absent.values():
            self._shaped.update({old: None for old in absent if has_id_shape(old)})
        for mapped in self.new.values():
            self._shaped.update({o: n for o, n in mapped.items() if has_id_shape(o)})

    def look_up(self, value: str, kinds: tuple[IdKind, ...]) -> str | None:
        """Return the new id, an empty string for an absent id, None for other values.

        `kinds` are the kinds of ids that the value's key holds; without any, only ids
        that are recognized by their form count.
        """
        for kind in kinds:
            new = self.new.get(kind, {}).get(value)
            if new is not None:
                return new
            if value in self.absent.get(kind, ()):
                return ""
        if value in self._shaped:
            return self._shaped[value] or ""
        return None

    @property
    def only_absent(self) -> "IdMap":
        """A map of the absent ids alone; it finds references that cannot be kept."""
        return IdMap({}, self.absent)

    @property
    def old_ids(self) -> frozenset[str]:
        """Every id of the source; none of them may remain in the clone."""
        mapped = {old for ids in self.new.values() for old in ids}
        return frozenset(mapped.union(*self.absent.values()))


def build_id_map(
    job_id: UUID,
    source_namespace_id: str,
    source_ids: Mapping[IdKind, Iterable[str]],
    copied: Iterable[IdKind],
    tenant: tuple[str, str] | None = None,
) -> IdMap:
    """Map every id of the source: to a new id if its kind is copied, else as absent."""
    copied_kinds = set(copied)
    new: dict[IdKind, dict[str, str]] = {
        "namespaces": {
            source_namespace_id: new_id(job_id, "namespaces", source_namespace_id)
        }
    }
    absent: dict[IdKind, frozenset[str]] = {}
    for kind, ids in source_ids.items():
        if kind in copied_kinds:
            new[kind] = {old: new_id(job_id, kind, old) for old in ids}
        else:
            absent[kind] = frozenset(ids)
    return IdMap(new, absent, tenant)
