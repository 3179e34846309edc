"""Rows of API keys, for the list of all and the page of a service account."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.http import HttpRequest
from django.utils import timezone

from nsadmin.access.keys import management
from nsadmin.access.keys.expiring import warned_days
from nsadmin.access.keys.keys import effective_role
from nsadmin.access.keys.rotation import obstacle
from nsadmin.access.models import ApiKey
from nsadmin.access.permissions import Role
from nsadmin.access.web import gate
from nsadmin.namespaces.read import lookups
from nsadmin.pages.common.badges import KEYS, Badge
from nsadmin.pages.common.page_context import signed_in

# How many names of namespaces a row has; the page of the key has all.
_NAMED: Final = 3
_ROLES_OF_WARNING: Final = {3: "bad", 14: "warn"}


@dataclass(frozen=True, slots=True)
class KeyRow:
    """An API key with its state and the role that it has now.

    `warning` is the color of the warning before its expiry, empty if none is due.
    `namespaces` are the names of the first namespaces of a key for chosen ones, with
    the number of the `others`.
    """

    key: ApiKey
    state: Badge
    role: Role | None
    warning: str
    may_rotate: bool
    namespaces: tuple[str, ...] = ()
    others: int = 0


def rows_of(request: HttpRequest, keys: Sequence[ApiKey]) -> list[KeyRow]:
    """Return the rows of keys of `listing.described`."""
    now, person = timezone.now(), signed_in(request)
    names = _names(request, [i for key in keys for i in _first(key)])
    return [
        KeyRow(
            key=key,
            state=KEYS[management.state_of(key, now)],
            role=effective_role(key),
            warning=warning_of(key, now),
            may_rotate=not obstacle(person, key),
            namespaces=tuple(names.get(i, i) for i in _first(key)),
            others=max(len(key.namespace_ids or ()) - _NAMED, 0),
        )
        for key in keys
    ]


def warning_of(key: ApiKey, now: datetime) -> str:
    """Return the color of the warning that a key of `described` is due; or ""."""
    if management.state_of(key, now) != "active":
        return ""
    return _ROLES_OF_WARNING.get(warned_days(key, now) or 0, "")


def reach_of(request: HttpRequest, key: ApiKey) -> list[str]:
    """Return the names of a key's chosen namespaces; the ids of those that are gone."""
    ids = list(key.namespace_ids or ())
    names = _names(request, ids)
    return [names.get(own_id, own_id) for own_id in ids]


def _names(request: HttpRequest, namespace_ids: Sequence[str]) -> dict[str, str]:
    if not namespace_ids:
        return {}
    found = lookups.columns(gate.actor_of(request), namespace_ids, ["name"])
    return {own_id: row["name"] for own_id, row in found.items()}


def _first(key: ApiKey) -> list[str]:
    return list(key.namespace_ids or ())[:_NAMED]
