"""Which collections of a namespace its points have to be processed again from."""

from dataclasses import dataclass

from nsadmin.errors import Unavailable
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.stores.mongo import resources

# More are counted, not named.
_NAMED = 10
_WITHIN_S = 1


@dataclass(frozen=True, slots=True)
class ToReprocess:
    """The first collections as (name, id), and how many there are besides."""

    first: list[tuple[str, str]]
    more: int


def to_reprocess(view: NamespaceView) -> ToReprocess | None:
    """Return the collections whose points lack a new vector; None while unknown."""
    if view.from_mirror:
        return None
    try:
        first, total = resources.first_collections(
            view.namespace.namespace_id, _NAMED, within_s=_WITHIN_S
        )
    except Unavailable:
        return None
    return ToReprocess(first, max(0, total - len(first)))
