"""Which Qdrant cluster holds a namespace's collection."""

from nsadmin.errors import Invalid
from nsadmin.namespaces.document import Namespace
from nsadmin.stores.dial import destination
from nsadmin.stores.qdrant import cluster
from nsadmin.stores.qdrant.cluster import Cluster
from nsadmin.stores.seal import Binding, Secret, seal, unseal

KEY_FIELD = "qdrant_api_key"
SEALED_FIELD = "qdrant_api_key_sealed"


def _binding(internal_id: str, namespace_id: str, url: str) -> Binding:
    return Binding(internal_id, namespace_id, KEY_FIELD, destination(url).url)


def seal_key(
    key: str, *, internal_id: str, namespace_id: str, url: str
) -> dict[str, str]:
    """Seal a dedicated cluster's key for this namespace and this address alone."""
    return seal(Secret(key), _binding(internal_id, namespace_id, url))


def cluster_of(namespace: Namespace) -> Cluster:
    """Return the cluster: a dedicated one where tier and address say so, else shared.

    Raises Invalid where a dedicated tier lacks its address, Unavailable where its key
    does not open.
    """
    if namespace.tier == "shared":
        return cluster.shared()
    url = namespace.infrastructure.get("qdrant_url")
    if not url:
        raise Invalid("The namespace is dedicated, but its cluster has no address.")
    sealed = namespace.infrastructure.get(SEALED_FIELD)
    key = None
    if sealed:
        binding = _binding(namespace.internal_id, namespace.namespace_id, url)
        key = unseal(sealed, binding)
    return cluster.dedicated(url, key)
