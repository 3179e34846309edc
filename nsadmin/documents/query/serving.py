"""Which conditions an index serves, by the rules of Qdrant's strict mode. Pure."""

from collections.abc import Mapping
from typing import Any, Final, Protocol

from nsadmin.documents.query.conditions import Condition
from nsadmin.documents.query.operators import FieldType, Operator

_RANGES: Final = frozenset(
    {
        Operator.LESS,
        Operator.AT_MOST,
        Operator.GREATER,
        Operator.AT_LEAST,
        Operator.BETWEEN,
    }
)
_PRESENCE: Final = frozenset(
    {
        Operator.IS_EMPTY,
        Operator.IS_NOT_EMPTY,
        Operator.IS_NULL,
        Operator.IS_NOT_NULL,
    }
)
_CONTRARY: Final = frozenset({Operator.IS_NOT, Operator.NONE_OF})
_WORDS: Final = frozenset({Operator.ALL_WORDS, Operator.ANY_WORD})
_PLACES: Final = frozenset({Operator.WITHIN_RADIUS, Operator.WITHIN_BOX})
# The types of an index that serves a match, by the type of its values.
_MATCHES: Final[Mapping[FieldType, tuple[str, ...]]] = {
    "keyword": ("keyword",),
    "uuid": ("uuid", "keyword"),
    "integer": ("integer",),
    "bool": ("bool",),
}


class Index(Protocol):
    """An index as Qdrant has it."""

    @property
    def type(self) -> str:
        """One of the eight types."""

    @property
    def params(self) -> Mapping[str, Any]:
        """Its parameters; null for a default."""


def unserved_reason(condition: Condition, indexes: Mapping[str, Index]) -> str:
    """Return why no index serves the condition, in words; "" if one does."""
    if condition.type == "vector":
        return ""
    index = indexes.get(condition.field)
    if index is None:
        return f"{condition.field} has no index"
    if _serves(index, condition):
        return ""
    return f"the {index.type} index on {condition.field} does not serve this operator"


def narrows(condition: Condition, indexes: Mapping[str, Index]) -> bool:
    """Whether Qdrant begins with the points that an index has for the condition."""
    is_positive = condition.operator not in _PRESENCE | _CONTRARY
    is_field = condition.type != "vector"
    return is_field and is_positive and not unserved_reason(condition, indexes)


def _serves(index: Index, condition: Condition) -> bool:
    operator, kind = condition.operator, index.type
    if operator in _PRESENCE:
        return True
    if operator in _PLACES:
        return kind == "geo"
    if operator in _WORDS:
        return kind == "text"
    if operator is Operator.PHRASE:
        return kind == "text" and index.params.get("phrase_matching") is True
    if condition.type == "any":
        return kind == "keyword" and not condition.other_readings
    if condition.type == "datetime":
        return kind == "datetime"
    if operator in _RANGES or condition.type == "float":
        return kind == "float" or (kind == "integer" and has_range(index))
    if kind == "integer" and index.params.get("lookup") is False:
        return False
    return kind in _MATCHES.get(condition.type, ())


def has_range(index: Index) -> bool:
    """Whether lists can be ordered by the index."""
    if index.type == "integer":
        return index.params.get("range") is not False
    return index.type in ("float", "datetime")


def can_count(index: Index) -> bool:
    """Whether the values in the index can be counted one by one."""
    if index.type == "integer":
        return index.params.get("lookup") is not False
    return index.type in ("keyword", "uuid", "bool")
