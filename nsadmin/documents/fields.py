"""The fields and vectors that a filter may ask, with what an index makes of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from nsadmin.documents.collection import Opened
from nsadmin.documents.query.operators import OPERATORS, FieldType, Operator

# Declared by the user, automatic, required by an extractor, of the system; an index
# that nobody declared; seen in sampled payloads only.
Source = Literal["user", "auto", "extractor", "system", "undeclared", "sampled"]
VectorKind = Literal["dense", "multi", "sparse"]


@dataclass(frozen=True, slots=True)
class Field:
    """A payload field that can be filtered by.

    `index` is the type of its index in Qdrant now; None if it has none, so that a
    filter scans every point. `declared` is the type that the namespace declares for it.
    `share` is the part of sampled documents with a value, from 0 to 1; None if unknown.
    """

    name: str
    type: FieldType
    source: Source
    index: FieldType | None
    declared: FieldType | None = None
    share: float | None = None
    can_order: bool = False
    can_facet: bool = False

    @property
    def is_indexed(self) -> bool:
        """Whether Qdrant has an index on it now."""
        return self.index is not None

    @property
    def operators(self) -> tuple[Operator, ...]:
        """What a condition may ask of it."""
        return OPERATORS[self.type]


@dataclass(frozen=True, slots=True)
class VectorName:
    """A named vector; a sparse one has no `size` and no `distance`."""

    name: str
    kind: VectorKind
    size: int | None
    distance: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All that can be asked, indexed fields first within each source.

    `unknown` says why payloads could not be sampled; empty if they were, at
    `sampled_at`.
    """

    fields: tuple[Field, ...]
    vectors: tuple[VectorName, ...]
    sampled_at: datetime | None
    unknown: str

    @property
    def types(self) -> Mapping[str, FieldType]:
        """The types of the fields by name, as `Filter.from_query` takes them."""
        known: dict[str, FieldType] = {f.name: f.type for f in self.fields}
        return known | dict.fromkeys((v.name for v in self.vectors), "vector")

    @property
    def orderable(self) -> tuple[Field, ...]:
        """The fields that a list may be ordered by."""
        return tuple(field for field in self.fields if field.can_order)

    @property
    def facetable(self) -> tuple[Field, ...]:
        """The fields whose values can be counted."""
        return tuple(field for field in self.fields if field.can_facet)

    def columns(self, count: int = 3) -> tuple[str, ...]:
        """Return the fields that documents fill best, for the columns of a list."""
        raise NotImplementedError


def catalogue(opened: Opened) -> Catalogue:
    """Return the fields and vectors; payloads are sampled once in five minutes.

    Never fails because of the sample.
    """
    raise NotImplementedError
