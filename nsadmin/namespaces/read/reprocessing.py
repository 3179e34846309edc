"""Collections whose documents must be processed again to get a new vector."""

from dataclasses import dataclass

from nsadmin.errors import Unavailable
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.stores.mongo import resources

# Further collections are only counted.
_MAX_NAMED = 10
_TIMEOUT_S = 1


@dataclass(frozen=True, slots=True)
class ToReprocess:
    """The first collections as (name, id), and the number of further ones."""

    first: list[tuple[str, str]]
    more: int


def to_reprocess(view: NamespaceView) -> ToReprocess | None:
    """Return the collections whose points lack the new vector; None while unknown."""
    if view.from_mirror:
        return None
    try:
        first, total = resources.first_collections(
            view.namespace.namespace_id, _MAX_NAMED, within_s=_TIMEOUT_S
        )
    except Unavailable:
        return None
    return ToReprocess(first, max(0, total - len(first)))
