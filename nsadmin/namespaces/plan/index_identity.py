"""The only comparison of a declared payload index with one in Qdrant. Pure.

Qdrant omits parameters that have its default value. They are filled in before an index
in Qdrant is compared with a declared one. Other programs may create indexes directly,
with parameters that this program does not know: those are ignored here, and kept.
"""

from collections.abc import Mapping

from nsadmin.namespaces.schema.document import Raw
from nsadmin.namespaces.schema.index_parameters import is_further, is_off
from nsadmin.namespaces.schema.payload_indexes import INDEX_DEFAULTS

# Qdrant's defaults for omitted parameters; a text index then has no length limits.
SERVER_DEFAULTS: Mapping[str, object] = {
    "is_tenant": False,
    "lookup": True,
    "range": True,
    "tokenizer": "word",
    "lowercase": True,
}


def is_same_index(declared: Raw, actual: Raw) -> bool:
    """Tell whether Qdrant's index has the declared type and parameters.

    Both are {"type": …, parameter: value}; `actual` is the index in Qdrant. A parameter
    that is null on either side has Qdrant's default.
    """
    if actual.get("type") != declared["type"]:
        return False
    return all(_effective(actual, key) == _effective(declared, key) for key in declared)


def _effective(index: Raw, key: str) -> object:
    value = index.get(key)
    if is_further(str(index.get("type")), key) and is_off(key, value):
        return None
    return SERVER_DEFAULTS.get(key) if value is None else value


def unknown_parameters(declared: Raw, actual: Raw) -> Raw:
    """Return the parameters of Qdrant's index that this program does not know.

    Empty if the type differs: the parameters have another meaning there.
    """
    if actual.get("type") != declared["type"]:
        return {}
    known = {"type", *INDEX_DEFAULTS[declared["type"]]}
    return {k: v for k, v in actual.items() if v is not None and k not in known}
