"""The two namespaces of an address or a form, as typed and as found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from django.urls import reverse

from nsadmin.access.actor import Actor
from nsadmin.comparison.start import SAME
from nsadmin.errors import Conflict, NotFound
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView

_SIDES: Final = ("left", "right")
_LONGEST: Final = 200


@dataclass(slots=True)
class Pick:
    """One side: what was typed, the namespace that it names, or what is wrong."""

    side: str
    label: str
    text: str
    view: NamespaceView | None = None
    error: str = ""


@dataclass(slots=True)
class Picks:
    """Both sides; `status` is that of an answer that shows their errors."""

    left: Pick
    right: Pick
    status: int = 200
    sides: tuple[Pick, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Put both sides in their order."""
        self.sides = (self.left, self.right)

    @property
    def both(self) -> tuple[NamespaceView, NamespaceView] | None:
        """Both namespaces, once they are found and are two."""
        if self.left.view is None or self.right.view is None or self.status != 200:
            return None
        return self.left.view, self.right.view

    @property
    def swapped(self) -> str:
        """The address with the sides turned round."""
        return address(self.right.text, self.left.text)


def address(left: str, right: str) -> str:
    """Return the address of the comparison of two namespaces."""
    return f"{reverse('compare')}?{urlencode({'left': left, 'right': right})}"


def read(actor: Actor, given: Mapping[str, str]) -> Picks:
    """Find the namespaces that are named by id or name; an empty side stays empty."""
    left, right = (
        Pick(side, label, given.get(side, "").replace("\x00", "").strip()[:_LONGEST])
        for side, label in zip(_SIDES, ("Left", "Right"), strict=True)
    )
    picks = Picks(left, right)
    for pick in picks.sides:
        if not pick.text:
            continue
        try:
            pick.view = queries.get(actor, pick.text)
        except (NotFound, Conflict) as error:
            pick.error, picks.status = error.message, error.status
    both = left.view, right.view
    if both[0] and both[1] and _id(both[0]) == _id(both[1]):
        right.error, picks.status = SAME, 422
    return picks


def _id(view: NamespaceView) -> str:
    return view.namespace.namespace_id
