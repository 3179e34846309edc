"""Which unique value is taken, by the index that MongoDB names in its refusal."""

from collections.abc import Mapping
from typing import Any, Final

from nsadmin.errors import Conflict

# The field that tells an index from the others, our code, and the sentence.
_TAKEN: Final = (
    (
        "name_key",
        "namespace_name_taken",
        "A namespace of this organization has this name already.",
        "namespace_name",
    ),
    (
        "collection_key",
        "collection_taken",
        "A collection of that name exists already.",
        "infrastructure.qdrant_collection",
    ),
    (
        "_id",
        "namespace_id_taken",
        "This id cannot be used. Choose another one, or leave it out.",
        "namespace_id",
    ),
)


def conflict(told: Mapping[str, Any]) -> Conflict:
    """Return the error for a refusal of a duplicate."""
    index = _index(told)
    for field, code, sentence, at in _TAKEN:
        if index == field or (field != "_id" and index.endswith(f"_{field}")):
            return Conflict(sentence, code=code, details={"field": at})
    return Conflict(
        "MongoDB has another document with a value that must be unique.",
        code="duplicate_value",
    )


def _index(told: Mapping[str, Any]) -> str:
    """Return the last field of the index, or its name without the order.

    Servers since 4.2 tell its pattern. In the message the name is the last word before
    the values, which may hold any text.
    """
    pattern = told.get("keyPattern")
    if isinstance(pattern, Mapping) and pattern:
        return str(list(pattern)[-1])
    words = str(told.get("errmsg", "")).partition(" dup key")[0].split()
    name = words[-1].strip("'") if words else ""
    if name == "_id_" or name.endswith("._id"):
        return "_id"
    return name.removesuffix("_1")
