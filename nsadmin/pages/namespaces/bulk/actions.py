"""What the list of namespaces offers to do with the chosen ones."""

from collections.abc import Mapping
from typing import Final

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Action
from nsadmin.bulk.asked import Kind

# {kind: (its words, the permission without which it is not offered)}
ACTIONS: Final[Mapping[Kind, tuple[str, Action]]] = {
    "auto_on": ("Turn on automatic indexes", Action.NAMESPACE_UPDATE),
    "auto_off": ("Turn off automatic indexes", Action.NAMESPACE_UPDATE),
    "index": ("Add an index…", Action.NAMESPACE_UPDATE),
    "template": ("Apply a template…", Action.NAMESPACE_UPDATE),
    "expiry": ("Set or clear the expiry…", Action.NAMESPACE_UPDATE),
    "delete": ("Delete…", Action.NAMESPACE_DELETE),
}


def offered_actions(actor: Actor) -> list[tuple[Kind, str]]:
    """Return the kinds that the actor's role permits, with their words."""
    return [
        (kind, words) for kind, (words, action) in ACTIONS.items() if actor.may(action)
    ]
