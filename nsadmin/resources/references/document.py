"""The references of one document: which ids it names, where, and how surely. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from nsadmin.names import clip
from nsadmin.resources.references.fields import (
    OPERAND_KEYS,
    PREFIX_BY_KIND,
    UNCHANGED_KEYS,
    IdKind,
    has_id_shape,
    key_of_entry,
    kinds_of,
)
from nsadmin.resources.references.kinds import WORDS, Kind

ReferenceKind = IdKind | Literal["objects"]
# How a document uses an id: `source` feeds it, `copy` repeats what a source says,
# `filter` compares with it, `mention` is an id anywhere else.
Use = Literal["source", "copy", "filter", "mention"]

# More than these are not read; a document has some dozens.
MOST: Final = 500
_MOST_VALUES: Final = 20_000
_DEEPEST: Final = 40
# A longer text names nothing, and need not be kept whole to say so.
_LONGEST_VALUE: Final = 200
# The fields that are documented to hold references, kind by kind; below them every key
# that holds ids counts. An id elsewhere is a mention: it may mean something else.
_ROOTS: Final[Mapping[Kind, frozenset[str]]] = {
    "buckets": frozenset(),
    "objects": frozenset({"bucket_id", "source_details", "edges"}),
    "collections": frozenset(
        {
            "source",
            "source_bucket_schemas",
            "source_lineage",
            "s3_vector_index",
            "taxonomy_applications",
            "retriever_enrichments",
        }
    ),
    "retrievers": frozenset({"collection_ids", "stages"}),
    "taxonomies": frozenset({"retriever_id", "config"}),
}
_COPIES: Final = frozenset(
    {"source_bucket_schemas", "source_lineage", "inherited_bucket_ids"}
)
# Other programs may keep words of their own under these keys.
_LOOSE_KEYS: Final = frozenset({"s3_vector_index", "source_id"})
_FILTERS: Final = ("filters",)
_ELSEWHERE: Final = "source_namespace_id"
_OBJECT_KEY: Final = "target_object_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """An id in a document.

    `kinds` are the kinds that the id may be of, `field` is its path, such as
    `source.bucket_ids[0]`. `is_required` is set where the id has to name something;
    `is_elsewhere` where it names something of another namespace.
    """

    kinds: tuple[ReferenceKind, ...]
    value: str
    field: str
    use: Use
    is_required: bool = False
    is_elsewhere: bool = False

    @property
    def feeds(self) -> bool:
        """Whether what it names works for the document, not only repeats or filters."""
        return self.use == "source"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the walk is: the key that says the kind, the path, and what holds there."""

    key: str = ""
    field: str = ""
    use: Use = "mention"
    is_elsewhere: bool = False
    depth: int = 0
    is_operand: bool = False


@dataclass(slots=True)
class _Walk:
    kind: Kind
    namespace_id: str
    left: int = _MOST_VALUES
    found: list[Reference] = field(default_factory=list)


def references_of(
    kind: Kind, document: Mapping[str, Any], namespace_id: str
) -> list[Reference]:
    """Return the references of a document, at most MOST, in the order of its fields.

    Templates `{{…}}`, the document's own id and its own namespace are none. Never
    raises, whatever the document has.
    """
    walk = _Walk(kind, namespace_id)
    own = ("_id", WORDS[kind].id_field, "namespace_id", "internal_id")
    entries = {k: v for k, v in document.items() if k not in own}
    for reference in _in_map(walk, entries, _Place()):
        walk.found.append(reference)
        if len(walk.found) == MOST:
            break
    return walk.found


def _in_value(walk: _Walk, value: Any, at: _Place) -> Iterator[Reference]:
    walk.left -= 1
    if walk.left < 0 or at.depth > _DEEPEST:
        return
    if isinstance(value, str):
        yield from _in_text(walk, value, at)
    elif isinstance(value, Mapping):
        yield from _in_map(walk, value, at)
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            below = _Place(
                at.key,
                f"{at.field}[{number}]",
                at.use,
                at.is_elsewhere,
                at.depth + 1,
                at.is_operand,
            )
            yield from _in_value(walk, entry, below)


def _in_map(walk: _Walk, value: Mapping[str, Any], at: _Place) -> Iterator[Reference]:
    other = value.get(_ELSEWHERE)
    is_elsewhere = at.is_elsewhere or (
        isinstance(other, str) and other not in ("", walk.namespace_id)
    )
    key_kinds = () if at.field.endswith("]") else kinds_of(at.key)
    for name, entry in value.items():
        if name in UNCHANGED_KEYS and isinstance(entry, str):
            continue
        if key_kinds and not name.startswith("{{"):
            keys = replace(at, is_elsewhere=is_elsewhere)
            yield _reference(name, key_kinds, keys, is_required=True)
        place = _Place(at.key, f"{at.field}.{name}", at.use, is_elsewhere)
        yield from _in_value(walk, entry, _below(walk, at, place, name, value))


def _below(
    walk: _Walk, at: _Place, place: _Place, name: str, parent: Mapping[str, Any]
) -> _Place:
    """Return the place of an entry of a map."""
    is_operand = at.is_operand or (
        name in OPERAND_KEYS and isinstance(parent.get("field", parent.get("key")), str)
    )
    return _Place(
        key_of_entry(name, parent, at.key),
        place.field.removeprefix("."),
        _use(walk, at, name),
        place.is_elsewhere,
        at.depth + 1,
        is_operand,
    )


def _use(walk: _Walk, at: _Place, name: str) -> Use:
    if not at.field:
        if name not in _ROOTS[walk.kind]:
            return "mention"
        return "copy" if name in _COPIES or name in _LOOSE_KEYS else "source"
    if at.use == "source" and name in _COPIES:
        return "copy"
    if at.use == "source" and name.endswith(_FILTERS):
        return "filter"
    return at.use


def _in_text(walk: _Walk, value: str, at: _Place) -> Iterator[Reference]:
    if not value or "{{" in value or "\0" in value:
        return
    kinds: tuple[ReferenceKind, ...] = kinds_of(at.key)
    if at.key == _OBJECT_KEY:
        kinds = ("objects",)
    has_shape = has_id_shape(value)
    is_loose = at.is_operand or at.key in _LOOSE_KEYS
    if kinds and (has_shape or not is_loose):
        is_own = kinds == ("namespaces",) and value == walk.namespace_id
        if not is_own:
            yield _reference(value, kinds, at, is_required=True)
    elif not kinds and has_shape:
        guess = tuple(k for k, p in PREFIX_BY_KIND.items() if value.startswith(p))
        if value != walk.namespace_id:
            yield _reference(value, guess, at, is_required=False)


def _reference(
    value: str, kinds: tuple[ReferenceKind, ...], at: _Place, *, is_required: bool
) -> Reference:
    use: Use = "filter" if at.is_operand and at.use == "source" else at.use
    return Reference(
        kinds=kinds,
        value=clip(value, _LONGEST_VALUE),
        field=at.field.removeprefix("."),
        use="mention" if not is_required else use,
        is_required=is_required and use != "mention" and kinds != ("namespaces",),
        is_elsewhere=at.is_elsewhere,
    )
