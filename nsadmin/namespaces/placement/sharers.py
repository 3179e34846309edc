"""Other namespaces whose points are in the same collection."""

from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.moving import place_of
from nsadmin.stores.mongo import namespaces as store


def sharers(namespace: Namespace) -> list[Namespace]:
    """Return the other namespaces whose points are in the same collection."""
    candidates = [
        document.read(raw) for raw in store.find_by_collection(namespace.collection)
    ]
    return [
        other
        for other in candidates
        if other.namespace_id != namespace.namespace_id
        and place_of(other) == place_of(namespace)
    ]
