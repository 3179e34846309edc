"""Which fields of a document hold ids, and of what: the one table of them. Pure.

Cloning rewrites these fields; the pages of resources follow them. A reference is a
whole string, a whole segment of a path made of ids, or a key of a map, never a part of
a text. It is recognized by a key that holds references (`bucket_id`,
`source.collection_ids`), or by the form of an id (`col_` and so on).
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

IdKind = Literal["namespaces", "buckets", "collections", "retrievers", "taxonomies"]

ID_KINDS: Final[tuple[IdKind, ...]] = (
    "namespaces",
    "buckets",
    "collections",
    "retrievers",
    "taxonomies",
)
PREFIX_BY_KIND: Final[Mapping[IdKind, str]] = {
    "namespaces": "ns_",
    "buckets": "bkt_",
    "collections": "col_",
    "retrievers": "ret_",
    "taxonomies": "tax_",
}
PREFIXES: Final = tuple(PREFIX_BY_KIND.values())

# Names and addresses of files; their values stay even if they have the form of an id.
UNCHANGED_KEYS: Final = frozenset(
    {
        "namespace_name",
        "bucket_name",
        "collection_name",
        "retriever_name",
        "taxonomy_name",
        "stage_name",
        "feature_extractor_name",
        "url",
        "presigned_url",
        "key_prefix",
        "key",
        "filename",
    }
)

_KINDS_BY_SUFFIX: Final[tuple[tuple[str, tuple[IdKind, ...]], ...]] = (
    ("namespace_id", ("namespaces",)),
    ("namespace_ids", ("namespaces",)),
    ("bucket_id", ("buckets",)),
    ("bucket_ids", ("buckets",)),
    ("collection_id", ("collections",)),
    ("collection_ids", ("collections",)),
    ("retriever_id", ("retrievers",)),
    ("retriever_ids", ("retrievers",)),
    ("taxonomy_id", ("taxonomies",)),
    ("taxonomy_ids", ("taxonomies",)),
)
_KINDS_BY_KEY: Final[dict[str, tuple[IdKind, ...]]] = {
    "collection_identifiers": ("collections",),
    "inference_collections": ("collections",),
    "s3_vector_index": ("collections",),
    "taxonomy_lineage": ("taxonomies",),
    "source_bucket_schemas": ("buckets",),
    "source_id": ("buckets", "collections"),
}
# A path consists of ids, such as bkt_…/col_…; ids of objects in it stay.
PATH_PREFIXES: Final = (*PREFIXES, "obj_", "doc_", "org_")
PATH_KEYS: Final = frozenset({"path", "lineage_path"})
PATH_KINDS: Final[tuple[IdKind, ...]] = ("namespaces", "buckets", "collections")
# Keys of a filter condition whose values are compared with its `field` (or Qdrant's
# `key`), so that the kind of id depends on that field.
OPERAND_KEYS: Final = frozenset({"value", "values", "match", "any", "except"})
_KINDS_CACHE: dict[str, tuple[IdKind, ...]] = {}
# Payloads may have any number of different keys.
_MAX_CACHED_KEYS: Final = 5000


def has_id_shape(value: str) -> bool:
    """Tell whether a string has the form of a generated id, such as `col_k3f9x2`.

    Ids chosen by other programs may be plain words; those count as references only
    under a key that holds references.
    """
    if not value.startswith(PREFIXES):
        return False
    rest = value.partition("_")[2]
    return len(rest) >= 6 and all(c.isalnum() or c in "_-" for c in rest)


def kinds_of(key: str) -> tuple[IdKind, ...]:
    """Return the kinds of ids that a key holds by its name; empty for other keys."""
    kinds = _KINDS_CACHE.get(key)
    if kinds is None:
        last_part = key.rpartition(".")[2].removesuffix("[]")
        kinds = _KINDS_BY_KEY.get(last_part, ())
        for suffix, suffix_kinds in _KINDS_BY_SUFFIX:
            if last_part.endswith(suffix):
                kinds = suffix_kinds
        if len(_KINDS_CACHE) < _MAX_CACHED_KEYS:
            _KINDS_CACHE[key] = kinds
    return kinds


def key_of_entry(name: str, parent: Mapping[str, Any], key: str) -> str:
    """Return the key that determines the kind of an entry's ids.

    This is the entry's own name, but for operands of a filter condition its field.
    """
    if name not in OPERAND_KEYS:
        return name
    field = parent.get("field") or parent.get("key")
    return field if isinstance(field, str) else key
