"""Rows of the mirror that the actor may see, by their ids."""

from collections.abc import Collection
from itertools import chain
from typing import Any

from django.db.models import Q

from nsadmin.access.actor import Actor
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.read.queries import visible
from nsadmin.namespaces.schema.text import name_key


def mirrored(actor: Actor, namespace_id: str) -> MirroredNamespace | None:
    """Return the row of a namespace; None if the actor may not see it."""
    row = visible(actor).filter(namespace_id=namespace_id).first()
    if row is not None:
        actor.sees(row.internal_id)
    return row


def is_visible(actor: Actor, namespace_id: str) -> bool:
    """Return whether the namespace exists and the actor may see it."""
    return visible(actor).filter(namespace_id=namespace_id).exists()


def name_of(actor: Actor, namespace_id: str) -> str:
    """Return the name of a namespace; empty if the actor may not see it."""
    rows = visible(actor).filter(namespace_id=namespace_id)
    row = rows.only("name", "internal_id").first()
    if row is None:
        return ""
    actor.sees(row.internal_id)
    return row.name


def last_changed(actor: Actor) -> MirroredNamespace | None:
    """Return the namespace of the actor's organization that was changed last."""
    own = visible(actor).filter(internal_id=actor.internal_id)
    return own.exclude(scope="system").order_by("-updated_at").first()


def columns(
    actor: Actor, namespace_ids: Collection[str], names: Collection[str]
) -> dict[str, dict[str, Any]]:
    """Return {namespace id: {column: value}} of the visible ones among the ids."""
    rows = visible(actor).filter(namespace_id__in=namespace_ids)
    return {row.pop("namespace_id"): row for row in rows.values("namespace_id", *names)}


def differences(namespace_id: str) -> int:
    """Return the number of differences that the last drift comparison found."""
    rows = MirroredNamespace.objects.filter(namespace_id=namespace_id)
    return rows.values_list("differences", flat=True).first() or 0


def listed(
    actor: Actor, internal_id: str, namespace_ids: Collection[str]
) -> list[MirroredNamespace]:
    """Return those of the namespaces that a tenant's list has for the actor."""
    rows = visible(actor).filter(namespace_id__in=namespace_ids)
    return list(rows.filter(Q(internal_id=internal_id) | Q(scope="system")))


def first_names(
    actor: Actor, internal_id: str, namespace_ids: Collection[str], *, limit: int
) -> list[str]:
    """Return the names of those of a tenant's namespaces that the actor sees."""
    rows = visible(actor).filter(internal_id=internal_id)
    rows = rows.filter(namespace_id__in=namespace_ids)
    actor.sees(internal_id)
    return list(rows.order_by("name_key").values_list("name", flat=True)[:limit])


def ids_of(actor: Actor, internal_id: str, texts: Collection[str]) -> dict[str, str]:
    """Return {text: id} of a tenant's namespaces whose id or name each text is.

    Texts of no namespace that the actor sees are left out.
    """
    keys = {text: name_key(text) for text in texts}
    rows = visible(actor).filter(internal_id=internal_id)
    rows = rows.filter(Q(namespace_id__in=texts) | Q(name_key__in=keys.values()))
    actor.sees(internal_id)
    known = list(rows.values_list("namespace_id", "name_key"))
    ids = {own_id for own_id, _ in known}
    by_name = {key: own_id for own_id, key in known}
    found = {t: t if t in ids else by_name.get(key, "") for t, key in keys.items()}
    return {text: own_id for text, own_id in found.items() if own_id}


def samples_among(actor: Actor, texts: Collection[str]) -> set[str]:
    """Return those of the texts that are the id or the name of a system sample."""
    rows = visible(actor).filter(scope="system")
    rows = rows.filter(
        Q(namespace_id__in=texts) | Q(name_key__in=[name_key(text) for text in texts])
    )
    known = set(chain(*rows.values_list("namespace_id", "name_key")))
    return {text for text in texts if text in known or name_key(text) in known}
