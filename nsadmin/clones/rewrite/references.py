"""Rewriting references anywhere in a document, and finding those that are left. Pure.

A reference is a whole string, a whole segment of a path made of ids, or a key of a map,
never a part of a text. It counts where its shape is an id's (`col_` and so on), or
where its key holds references (`bucket_id`, `source.collection_ids`). Two things are
never touched: names, and whatever says where a file lies, for a clone refers to the
same files. Templates `{{…}}` are not ids and stay by themselves.
"""

from collections.abc import Iterator
from typing import Any, Final

from nsadmin.clones.rewrite.id_map import PREFIXES, IdKind, IdMap

Json = Any

# Names and addresses of files: kept as they are, whatever they look like.
KEPT: Final = frozenset(
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

_ENDINGS: Final[tuple[tuple[str, tuple[IdKind, ...]], ...]] = (
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
_EXACT: Final[dict[str, tuple[IdKind, ...]]] = {
    "collection_identifiers": ("collections",),
    "inference_collections": ("collections",),
    "s3_vector_index": ("collections",),
    "taxonomy_lineage": ("taxonomies",),
    "source_bucket_schemas": ("buckets",),
    "source_id": ("buckets", "collections"),
}
# Paths of ids such as bkt_…/col_…; object ids in them stay.
_IN_PATHS: Final = (*PREFIXES, "obj_", "doc_", "org_")
_PATH_KEYS: Final = frozenset({"path", "lineage_path"})
_PATH_KINDS: Final[tuple[IdKind, ...]] = ("namespaces", "buckets", "collections")
# In a filter condition these hold what its `field` (or Qdrant's `key`) is compared to.
_OPERANDS: Final = frozenset({"value", "values", "match", "any", "except"})
_MEMO: dict[str, tuple[IdKind, ...]] = {}


def kinds_of(key: str) -> tuple[IdKind, ...]:
    """Tell which kinds of ids a key holds by its name; none for all other keys."""
    found = _MEMO.get(key)
    if found is None:
        last = key.rpartition(".")[2].removesuffix("[]")
        found = _EXACT.get(last, ())
        for ending, kinds in _ENDINGS:
            if last.endswith(ending):
                found = kinds
        if len(_MEMO) < 5000:
            _MEMO[key] = found
    return found


def rewritten(value: Json, ids: IdMap, key: str = "") -> tuple[Json, bool]:
    """Return a copy with every reference renamed, and whether it may stay.

    What refers to something absent may not: its list loses the element, its map the
    key. Who wants more to go, a whole stage say, removes it before.
    """
    if isinstance(value, str):
        return _string(value, ids, key)
    if isinstance(value, dict):
        return _map(value, ids, key), True
    if isinstance(value, list):
        pairs = [rewritten(entry, ids, key) for entry in value]
        return [entry for entry, stays in pairs if stays], True
    return value, True


def _string(value: str, ids: IdMap, key: str) -> tuple[str, bool]:
    if ids.tenant is not None and _is_tenant(value, ids.tenant[0], key):
        return ids.tenant[1], True
    if "/" in value and _is_path(value, ids, key):
        parts = [_segment(part, ids, key) for part in value.split("/")]
        return "/".join(part for part in parts if part), True
    found = ids.look_up(value, kinds_of(key))
    return (value, True) if found is None else (found, found != "")


def _segment(part: str, ids: IdMap, key: str) -> str:
    found = ids.look_up(part, _PATH_KINDS if key in _PATH_KEYS else ())
    return part if found is None else found


def _is_tenant(value: str, old: str, key: str) -> bool:
    return value == old and (key.endswith("internal_id") or value.startswith("int_"))


def _is_path(value: str, ids: IdMap, key: str) -> bool:
    """A lineage path by its key, or a string that is ids and slashes alone."""
    if key.endswith("lineage_path"):
        return True
    kinds = _PATH_KINDS if key in _PATH_KEYS else ()
    return all(
        part.startswith(_IN_PATHS) or ids.look_up(part, kinds) is not None
        for part in value.split("/")
    )


def _map(value: dict[str, Json], ids: IdMap, key: str) -> dict[str, Json]:
    keyed = kinds_of(key)
    after: dict[str, Json] = {}
    for name, entry in value.items():
        if name in KEPT and isinstance(entry, str):
            after[name] = entry
            continue
        new_name = name
        if keyed or name.startswith(PREFIXES):
            found = ids.look_up(name, keyed)
            if found == "":
                continue
            new_name = found or name
        changed, stays = rewritten(entry, ids, _key_of(name, value, key))
        if stays:
            after[new_name] = changed
    return after


def _key_of(name: str, within: dict[str, Json], key: str) -> str:
    """The key that tells what an entry holds; for filter conditions the field's."""
    if name not in _OPERANDS:
        return name
    field = within.get("field") or within.get("key")
    return field if isinstance(field, str) else key


def references(value: Json, ids: IdMap, key: str = "") -> Iterator[str]:
    """Yield every id of the source that a document refers to."""
    if isinstance(value, str):
        yield from _references_in_string(value, ids, key)
    elif isinstance(value, list):
        for entry in value:
            yield from references(entry, ids, key)
    elif isinstance(value, dict):
        yield from _references_in_map(value, ids, key)


def _references_in_string(value: str, ids: IdMap, key: str) -> Iterator[str]:
    if ids.tenant is not None and _is_tenant(value, ids.tenant[0], key):
        yield value
    elif "/" in value and _is_path(value, ids, key):
        kinds = _PATH_KINDS if key in _PATH_KEYS else ()
        parts = value.split("/")
        yield from (part for part in parts if ids.look_up(part, kinds) is not None)
    elif ids.look_up(value, kinds_of(key)) is not None:
        yield value


def _references_in_map(value: dict[str, Json], ids: IdMap, key: str) -> Iterator[str]:
    keyed = kinds_of(key)
    for name, entry in value.items():
        if name in KEPT and isinstance(entry, str):
            continue
        if (keyed or name.startswith(PREFIXES)) and ids.look_up(
            name, keyed
        ) is not None:
            yield name
        yield from references(entry, ids, _key_of(name, value, key))
