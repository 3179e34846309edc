"""Whether two descriptions name the same payload index: the only place. Pure.

Qdrant leaves out parameters that have its own default. They are filled in before an
index of Qdrant is compared with a declared one. Other writers may create indexes past
us, with parameters that we have no word for: those do not count, and are kept.
"""

from collections.abc import Mapping

from nsadmin.namespaces.schema.document import Raw
from nsadmin.namespaces.schema.payload_indexes import INDEX_DEFAULTS

# What Qdrant does where an index does not say; a text index has no limits then.
SERVER_DEFAULTS: Mapping[str, object] = {
    "is_tenant": False,
    "lookup": True,
    "range": True,
    "tokenizer": "word",
    "lowercase": True,
}


def is_same_index(declared: Raw, actual: Raw) -> bool:
    """Tell whether Qdrant's index has the declared type and parameters.

    Both are {"type": …, parameter: value}; `actual` is what Qdrant shows.
    """
    if actual.get("type") != declared["type"]:
        return False
    return all(_effective(actual, key) == value for key, value in declared.items())


def _effective(actual: Raw, key: str) -> object:
    value = actual.get(key)
    return SERVER_DEFAULTS.get(key) if value is None else value


def unknown_parameters(declared: Raw, actual: Raw) -> Raw:
    """Return the parameters of Qdrant's index that we have no word for.

    Empty where the type differs: they would mean something else there.
    """
    if actual.get("type") != declared["type"]:
        return {}
    known = {"type", *INDEX_DEFAULTS[declared["type"]]}
    return {k: v for k, v in actual.items() if v is not None and k not in known}
