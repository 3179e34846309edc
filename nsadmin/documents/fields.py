"""The fields and vectors that a filter may ask, with what an index makes of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

from nsadmin.documents import field_sample
from nsadmin.documents.collection import Opened
from nsadmin.documents.query.operators import (
    OPERATORS,
    FieldType,
    Operator,
)
from nsadmin.documents.query.serving import can_count, has_range
from nsadmin.documents.shown.payload_paths import Seen
from nsadmin.namespaces.plan.desired import declared_indexes, origin_of
from nsadmin.namespaces.schema.payload_indexes import INDEX_TYPES, is_path
from nsadmin.stores.qdrant.collections import LiveIndex

# Declared by the user, automatic, required by an extractor; an index in Qdrant that is
# not declared; seen in sampled payloads only; of the system.
Source = Literal["user", "auto", "extractor", "undeclared", "sampled", "system"]
VectorKind = Literal["dense", "multi", "sparse"]
_SOURCES: Final = get_args(Source)
# Payload fields of the platform, which are no columns of their own.
_INNER: Final = "_"
# The most vectors and fields that are listed.
_MOST: Final = 400


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
        vectors: dict[str, FieldType] = {v.name: "vector" for v in self.vectors}
        return vectors | {f.name: f.type for f in self.fields}

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
        own = [f for f in self.fields if _is_own(f) and f.share != 0]
        own.sort(key=_usefulness)
        return tuple(field.name for field in own[:count])


def _usefulness(field: Field) -> tuple[float, bool, bool]:
    """Sort well filled fields first, among them words before numbers and places."""
    is_words = field.type in ("keyword", "text")
    return -round(field.share or 0, 1), "[]" in field.name, not is_words


def _is_own(field: Field) -> bool:
    """Whether a field is one of the documents, not of the platform."""
    is_inner = field.name.startswith(_INNER) or field.source == "system"
    return not is_inner and field.name not in field_sample.PLATFORM_FIELDS


def catalogue(opened: Opened) -> Catalogue:
    """Return the fields and vectors; payloads are sampled once in five minutes.

    Never fails because of the sample.
    """
    sample = field_sample.sampled(opened)
    return Catalogue(
        fields=_fields(opened, sample.fields),
        vectors=tuple(vectors_of(opened)),
        sampled_at=sample.at,
        unknown=sample.unknown,
    )


def _fields(opened: Opened, seen: Mapping[str, Seen]) -> tuple[Field, ...]:
    namespace, live = opened.view.namespace, opened.live.indexes
    declared = declared_indexes(namespace)
    names = [name for name in {**declared, **live, **seen} if is_path(name)]
    fields = []
    for name in names[: _MOST + len(declared)]:
        source: Source = "sampled"
        if name in declared:
            source = origin_of(namespace, name)
        elif name in live:
            source = "undeclared"
        stated = declared.get(name, {}).get("type")
        fields.append(_field(name, source, stated, live.get(name), seen.get(name)))
    fields.sort(key=lambda f: (_SOURCES.index(f.source), not f.is_indexed))
    return tuple(fields)


def _field(
    name: str,
    source: Source,
    stated: object,
    live: LiveIndex | None,
    seen: Seen | None,
) -> Field:
    index = _known(live.type) if live is not None else None
    declared = _known(stated)
    return Field(
        name=name,
        type=index or declared or (seen.type if seen is not None else "keyword"),
        source=source,
        index=index,
        declared=declared,
        share=seen.share if seen is not None else None,
        can_order=live is not None and has_range(live),
        can_facet=live is not None and can_count(live),
    )


def _known(kind: object) -> FieldType | None:
    return next((one for one in INDEX_TYPES if one == kind), None)


def vectors_of(opened: Opened) -> Iterable[VectorName]:
    """Yield the named vectors of the collection; "" is the name of one without."""
    stated = opened.live.raw["params"].get("vectors")
    configured = stated if isinstance(stated, dict) else {}
    for name, vector in list(opened.live.vectors.items())[:_MOST]:
        own = configured.get(name) if name else configured
        is_multi = isinstance(own, dict) and bool(own.get("multivector_config"))
        kind: VectorKind = "multi" if is_multi else "dense"
        yield VectorName(name, kind, vector.size, vector.distance)
    for name in opened.live.sparse_vectors[:_MOST]:
        yield VectorName(name, "sparse", None, "")
