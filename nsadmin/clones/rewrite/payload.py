"""The clone's payload of a point: new ids in the documented reference fields. Pure.

A payload is a customer's data, so an id of the source counts as a reference only in a
field whose name says that it holds ids. Everything else keeps every byte, even a text
that is an id as a whole. The fields are listed in `docs/contract.md`, under "Clone".
"""

import re
from typing import Any, Final

from nsadmin.clones.rewrite.id_map import IdMap
from nsadmin.resources.references.fields import PATH_KINDS, kinds_of

Json = Any

_LIST_MARKS: Final = re.compile(r"(?:\[\])+$")


def rewrite_payload(payload: dict[str, Json], ids: IdMap) -> dict[str, Json]:
    """Return a copy with new ids; references to absent resources are removed."""
    return _map(payload, ids, "")


def names_another(payload: dict[str, Json], *namespace_ids: str) -> bool:
    """Tell whether a payload names a namespace, and none of these, as its owner."""
    inner = payload.get("_internal")
    nested = inner.get("namespace_id") if isinstance(inner, dict) else None
    owners = (payload.get("namespace_id"), nested)
    return any(owner not in (None, "", *namespace_ids) for owner in owners)


def rewrite_entry(name: str, value: Json, ids: IdMap) -> tuple[Json, bool]:
    """Return the new value of a payload's own field, and False if it is removed.

    A field of the payload itself keeps its name, whatever the other fields are.
    """
    return _value(value, ids, _entry_key(name, ""))


def may_refer(name: str) -> bool:
    """Tell whether a text in a payload's own field of this name may be a reference."""
    key = _entry_key(name, "")
    return bool(kinds_of(key)) or key.endswith("internal_id") or _holds_path(key)


def _value(value: Json, ids: IdMap, key: str) -> tuple[Json, bool]:
    """Return a value with new ids, and False if it refers to an absent resource."""
    if isinstance(value, str):
        return _text(value, ids, key)
    if isinstance(value, dict):
        return _map(value, ids, key), True
    if isinstance(value, list):
        pairs = [_value(entry, ids, key) for entry in value]
        return [entry for entry, is_kept in pairs if is_kept], True
    return value, True


def _text(value: str, ids: IdMap, key: str) -> tuple[str, bool]:
    if ids.tenant is not None and key.endswith("internal_id"):
        old, new_tenant = ids.tenant
        return (new_tenant if value == old else value), True
    if _holds_path(key):
        pairs = [(part, ids.look_up(part, PATH_KINDS)) for part in value.split("/")]
        return "/".join(
            part if new is None else new for part, new in pairs if new != ""
        ), True
    kinds = kinds_of(key)
    new = ids.look_up(value, kinds) if kinds else None
    return (value, True) if new is None else (new, new != "")


def _holds_path(key: str) -> bool:
    return key.endswith(("lineage_path", ".lineage.path")) or key == "lineage.path"


def _map(value: dict[str, Json], ids: IdMap, key: str) -> dict[str, Json]:
    kinds = kinds_of(key)
    rewritten: dict[str, Json] = {}
    for name, entry in value.items():
        new_name = ids.look_up(name, kinds) if kinds else None
        if new_name == "":
            continue
        # Below a key that is an id, that key says nothing about what its entry holds.
        entry_key = "" if new_name else _entry_key(name, key)
        new_entry, is_kept = _value(entry, ids, entry_key)
        if is_kept:
            rewritten[new_name or name] = new_entry
    return rewritten


def _entry_key(name: str, key: str) -> str:
    """Return a field's name without list marks, and `path` with its `lineage`."""
    plain = _LIST_MARKS.sub("", name)
    if plain == "path" and key.rpartition(".")[2] == "lineage":
        return "lineage.path"
    return plain
