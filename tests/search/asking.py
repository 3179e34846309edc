"""Asking for what can be found, and making what can be."""

from dataclasses import dataclass
from typing import Any

from nsadmin.access.actor import Actor
from nsadmin.search import find
from nsadmin.search.hits import Group
from nsadmin.stores.mongo import resources
from nsadmin.trigrams.words import Piece, read_query
from tests.cast import Cast


def groups(actor: Actor, text: str, limit: int = 50) -> dict[str, Group]:
    found = find.find(actor, read_query(text), limit=limit, elsewhere=True)
    return {group.key: group for group in found}


def namespaces(actor: Actor, text: str) -> list[str]:
    group = groups(actor, text).get("namespaces")
    return [plain(hit.name) for hit in group.hits] if group else []


def plain(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def bold(pieces: list[Piece]) -> list[str]:
    return [piece.text for piece in pieces if piece.is_match]


def put(cast: Cast, kind: resources.Kind, key: str, **fields: Any) -> None:
    """Write a resource of Northlight's namespace."""
    noun = resources.ID_FIELD[kind].removesuffix("_id")
    fields = {f"{noun}_name" if k == "name" else k: v for k, v in fields.items()}
    own = {"namespace_id": cast.own.namespace_id, f"{noun}_id": key}
    resources.put(kind, [{"_id": key, **own, **fields}])


@dataclass(frozen=True)
class WithoutSession(Actor):
    """Somebody of the platform whom no organization has let in."""

    @property
    def visible_internal_ids(self) -> frozenset[str] | None:
        return frozenset({self.internal_id})


def outsider(cast: Cast) -> Actor:
    actor = cast.actor("support")
    names = Actor.__dataclass_fields__
    return WithoutSession(**{name: getattr(actor, name) for name in names})
