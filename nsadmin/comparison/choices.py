"""The namespaces that a picker of a comparison suggests."""

from typing import Final

from django.db.models import Q

from nsadmin.access.actor import Actor
from nsadmin.namespaces.read import queries

_MOST: Final = 200


def choices(actor: Actor, internal_id: str) -> list[tuple[str, str]]:
    """Return (id, name) of a tenant's and the system's namespaces, changed last first.

    Others can be given by id or name as well.
    """
    shown = Q(internal_id=internal_id) | Q(scope="system")
    rows = queries.visible(actor).filter(shown).order_by("-updated_at", "namespace_id")
    return list(rows.values_list("namespace_id", "name")[:_MOST])
