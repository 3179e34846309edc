"""What a condition may ask of a field, by the field's type. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal

from nsadmin.namespaces.schema.payload_indexes import INDEX_TYPES, IndexType

# A type that is not known, the eight index types, and the named vectors of a document.
FieldType = Literal["any", IndexType, "vector"]
FIELD_TYPES: Final[tuple[FieldType, ...]] = ("any", *INDEX_TYPES, "vector")


class Operator(StrEnum):
    """The operators; the values stand in URLs and never change."""

    IS = "is"
    IS_NOT = "is_not"
    ONE_OF = "one_of"
    NONE_OF = "none_of"
    LESS = "lt"
    AT_MOST = "lte"
    GREATER = "gt"
    AT_LEAST = "gte"
    BETWEEN = "between"
    ALL_WORDS = "words"
    ANY_WORD = "any_word"
    PHRASE = "phrase"
    WITHIN_RADIUS = "radius"
    WITHIN_BOX = "box"
    IS_EMPTY = "empty"
    IS_NOT_EMPTY = "not_empty"
    IS_NULL = "null"
    IS_NOT_NULL = "not_null"
    HAS_VECTOR = "has_vector"
    LACKS_VECTOR = "lacks_vector"


_O = Operator
WORDS: Final[Mapping[Operator, str]] = {
    _O.IS: "is",
    _O.IS_NOT: "is not",
    _O.ONE_OF: "is one of",
    _O.NONE_OF: "is none of",
    _O.LESS: "is less than",
    _O.AT_MOST: "is at most",
    _O.GREATER: "is greater than",
    _O.AT_LEAST: "is at least",
    _O.BETWEEN: "is between",
    _O.ALL_WORDS: "contains all words",
    _O.ANY_WORD: "contains any word",
    _O.PHRASE: "contains the phrase",
    _O.WITHIN_RADIUS: "is within the radius",
    _O.WITHIN_BOX: "is within the box",
    _O.IS_EMPTY: "is empty or missing",
    _O.IS_NOT_EMPTY: "is not empty",
    _O.IS_NULL: "is null",
    _O.IS_NOT_NULL: "is not null",
    _O.HAS_VECTOR: "is there",
    _O.LACKS_VECTOR: "is missing",
}
_PRESENCE: Final = (_O.IS_EMPTY, _O.IS_NOT_EMPTY, _O.IS_NULL, _O.IS_NOT_NULL)
_MATCHES: Final = (_O.IS, _O.IS_NOT, _O.ONE_OF, _O.NONE_OF)
_RANGES: Final = (_O.LESS, _O.AT_MOST, _O.GREATER, _O.AT_LEAST, _O.BETWEEN)
OPERATORS: Final[Mapping[FieldType, tuple[Operator, ...]]] = {
    "any": (*_MATCHES, *_PRESENCE),
    "keyword": (*_MATCHES, *_PRESENCE),
    "uuid": (*_MATCHES, *_PRESENCE),
    "integer": (*_MATCHES, *_RANGES, *_PRESENCE),
    "float": (_O.IS, _O.IS_NOT, *_RANGES, *_PRESENCE),
    "bool": (_O.IS, _O.IS_NOT, *_PRESENCE),
    "datetime": (_O.IS, _O.IS_NOT, *_RANGES, *_PRESENCE),
    "text": (_O.ALL_WORDS, _O.ANY_WORD, _O.PHRASE, *_PRESENCE),
    "geo": (_O.WITHIN_RADIUS, _O.WITHIN_BOX, *_PRESENCE),
    "vector": (_O.HAS_VECTOR, _O.LACKS_VECTOR),
}
# How many values an operator takes; None is any number from one.
_TAKES: Final[Mapping[Operator, int | None]] = {
    **dict.fromkeys(Operator, 1),
    **dict.fromkeys((*_PRESENCE, _O.HAS_VECTOR, _O.LACKS_VECTOR), 0),
    _O.ONE_OF: None,
    _O.NONE_OF: None,
    _O.BETWEEN: 2,
    _O.WITHIN_RADIUS: 3,
    _O.WITHIN_BOX: 4,
}
_EXAMPLES: Final[Mapping[FieldType, str]] = {
    "any": "red",
    "keyword": "red",
    "uuid": "6f1c1f0e-0000-4000-8000-000000000000",
    "integer": "12",
    "float": "0.5",
    "bool": "true or false",
    "datetime": "2026-11-20 14:00",
    "text": "harbour bridge",
    "geo": "",
    "vector": "",
}


def takes(operator: Operator) -> int | None:
    """Return how many values the operator takes; None for any number from one."""
    return _TAKES[operator]


def hint(kind: FieldType, operator: Operator) -> str:
    """Return how the value is typed; "" for an operator that takes none."""
    if operator is Operator.WITHIN_RADIUS:
        return "latitude, longitude, radius in metres"
    if operator is Operator.WITHIN_BOX:
        return "north, west, south, east in degrees"
    count, example = takes(operator), _EXAMPLES[kind]
    if count == 0:
        return ""
    if operator is Operator.BETWEEN:
        return "from, to"
    return example if count == 1 else f"{example}, …"
