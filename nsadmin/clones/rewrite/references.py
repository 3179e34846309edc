"""Rewriting references anywhere in a document, and finding remaining ones. Pure.

`resources.references.fields` says what a reference is. Names and the addresses of files
are never changed, because a clone refers to the same files. Template expressions
`{{…}}` are no ids and stay.
"""

from collections.abc import Iterator
from typing import Any

from nsadmin.clones.rewrite.id_map import IdMap
from nsadmin.resources.references.fields import (
    PATH_KEYS,
    PATH_KINDS,
    PATH_PREFIXES,
    PREFIXES,
    UNCHANGED_KEYS,
    key_of_entry,
    kinds_of,
)

Json = Any


def rewrite_references(value: Json, ids: IdMap, key: str = "") -> tuple[Json, bool]:
    """Return a copy with new ids, and False if the value itself refers to an absent id.

    Such values are removed from the lists and maps that hold them. A caller that wants
    to remove more, such as a whole stage, does so before.
    """
    if isinstance(value, str):
        return _rewrite_string(value, ids, key)
    if isinstance(value, dict):
        return _rewrite_map(value, ids, key), True
    if isinstance(value, list):
        pairs = [rewrite_references(entry, ids, key) for entry in value]
        return [entry for entry, is_kept in pairs if is_kept], True
    return value, True


def _rewrite_string(value: str, ids: IdMap, key: str) -> tuple[str, bool]:
    if ids.tenant is not None and _is_tenant(value, ids.tenant[0], key):
        return ids.tenant[1], True
    if "/" in value and _is_path(value, ids, key):
        # An empty segment stays; only a segment that is an absent id is dropped.
        pairs = [(part, _rewrite_segment(part, ids, key)) for part in value.split("/")]
        return "/".join(new for part, new in pairs if new or not part), True
    new = ids.look_up(value, kinds_of(key))
    return (value, True) if new is None else (new, new != "")


def _rewrite_segment(part: str, ids: IdMap, key: str) -> str:
    new = ids.look_up(part, PATH_KINDS if key in PATH_KEYS else ())
    return part if new is None else new


def _is_tenant(value: str, old: str, key: str) -> bool:
    return value == old and (key.endswith("internal_id") or value.startswith("int_"))


def _is_path(value: str, ids: IdMap, key: str) -> bool:
    """Tell whether a string is a path of ids: by its key, or by all of its segments."""
    if key.endswith("lineage_path"):
        return True
    kinds = PATH_KINDS if key in PATH_KEYS else ()
    return all(
        part.startswith(PATH_PREFIXES) or ids.look_up(part, kinds) is not None
        for part in value.split("/")
    )


def _rewrite_map(value: dict[str, Json], ids: IdMap, key: str) -> dict[str, Json]:
    """Return a copy of a map with new ids in its values and in keys that are ids."""
    key_kinds = kinds_of(key)
    rewritten: dict[str, Json] = {}
    for name, entry in value.items():
        if name in UNCHANGED_KEYS and isinstance(entry, str):
            rewritten[name] = entry
            continue
        new_name = name
        if key_kinds or name.startswith(PREFIXES):
            new_id = ids.look_up(name, key_kinds)
            if new_id == "":
                continue
            new_name = new_id or name
        new_entry, is_kept = rewrite_references(
            entry, ids, key_of_entry(name, value, key)
        )
        if is_kept:
            rewritten[new_name] = new_entry
    return rewritten


def find_references(value: Json, ids: IdMap, key: str = "") -> Iterator[str]:
    """Yield every id of the source that a document refers to."""
    if isinstance(value, str):
        yield from _references_in_string(value, ids, key)
    elif isinstance(value, list):
        for entry in value:
            yield from find_references(entry, ids, key)
    elif isinstance(value, dict):
        yield from _references_in_map(value, ids, key)


def _references_in_string(value: str, ids: IdMap, key: str) -> Iterator[str]:
    if ids.tenant is not None and _is_tenant(value, ids.tenant[0], key):
        yield value
    elif "/" in value and _is_path(value, ids, key):
        kinds = PATH_KINDS if key in PATH_KEYS else ()
        parts = value.split("/")
        yield from (part for part in parts if ids.look_up(part, kinds) is not None)
    elif ids.look_up(value, kinds_of(key)) is not None:
        yield value


def _references_in_map(value: dict[str, Json], ids: IdMap, key: str) -> Iterator[str]:
    key_kinds = kinds_of(key)
    for name, entry in value.items():
        if name in UNCHANGED_KEYS and isinstance(entry, str):
            continue
        may_be_id = key_kinds or name.startswith(PREFIXES)
        if may_be_id and ids.look_up(name, key_kinds) is not None:
            yield name
        yield from find_references(entry, ids, key_of_entry(name, value, key))
