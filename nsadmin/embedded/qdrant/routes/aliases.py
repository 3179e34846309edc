"""Aliases: second names for collections."""

from typing import Any

from nsadmin.embedded.qdrant.catalog import Catalog
from nsadmin.embedded.qdrant.convert.fields import Json, each, required, typed
from nsadmin.embedded.qdrant.errors import (
    conflict,
    malformed,
    no_collection,
    not_found,
)
from nsadmin.embedded.qdrant.router import Call, router
from nsadmin.embedded.qdrant.routes.collections import check_new_name


def _shown(aliases: dict[str, str]) -> Json:
    pairs = aliases.items()
    return {"aliases": [{"alias_name": a, "collection_name": n} for a, n in pairs]}


@router.reads("GET", "/aliases")
async def list_aliases(call: Call) -> Any:
    """All aliases."""
    return _shown(call.catalog.aliases)


@router.reads("GET", "/collections/{name}/aliases")
async def list_collection_aliases(call: Call) -> Any:
    """The aliases of one collection."""
    name = call.catalog.get(call.names["name"]).name
    return _shown({a: n for a, n in call.catalog.aliases.items() if n == name})


@router.writes("POST", "/collections/aliases")
async def change_aliases(call: Call) -> Any:
    """Carry out a list of changes; those before a refused one stay, as in Qdrant."""
    actions = each(call.body().get("actions"), _action, "actions")
    for kind, body in actions:
        aliases = dict(call.catalog.aliases)
        _ACTIONS[kind](call.catalog, aliases, body)
        call.catalog.save_aliases(aliases)
    return True


def _action(item: Any) -> tuple[str, Json]:
    action = typed(item, dict, "actions")
    known = [kind for kind in _ACTIONS if kind in action]
    if len(known) != 1:
        text = "data did not match any variant of untagged enum AliasOperations"
        raise malformed(text)
    return known[0], required(action, known[0], dict)


def _create(catalog: Catalog, aliases: dict[str, str], body: Json) -> None:
    target, alias = (
        required(body, "collection_name", str),
        required(body, "alias_name", str),
    )
    check_new_name(alias)
    if target not in catalog.collections:
        raise no_collection(target)
    if alias in catalog.collections:
        raise conflict(f"Collection `{alias}` already exists!")
    aliases[alias] = target


def _delete(_catalog: Catalog, aliases: dict[str, str], body: Json) -> None:
    aliases.pop(required(body, "alias_name", str), None)


def _rename(catalog: Catalog, aliases: dict[str, str], body: Json) -> None:
    old, new = (
        required(body, "old_alias_name", str),
        required(body, "new_alias_name", str),
    )
    check_new_name(new)
    if old not in aliases:
        raise not_found(f"Alias {old} does not exists!")
    if new in catalog.collections:
        raise conflict(f"Collection `{new}` already exists!")
    aliases[new] = aliases.pop(old)


_ACTIONS = {"create_alias": _create, "delete_alias": _delete, "rename_alias": _rename}
