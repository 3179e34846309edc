"""Which Qdrant cluster holds a namespace's collection, and the key that opens it."""

from dataclasses import replace
from typing import Any

from django.utils import timezone
from pydantic import SecretStr

from nsadmin.access.organization.organizations import owner_of
from nsadmin.errors import Invalid, Unavailable
from nsadmin.namespaces.plan.infrastructure_steps import ClusterFacts
from nsadmin.namespaces.plan.steps import INFRASTRUCTURE
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.infrastructure import KEY_FIELD, SEALED_FIELD
from nsadmin.stores.qdrant import cluster
from nsadmin.stores.qdrant.cluster import Cluster
from nsadmin.stores.seal import Binding, Secret, fingerprint, seal, unseal
from nsadmin.stores.ssrf_guard import destination

# Stands for a stored key that does not open; no fingerprint looks like it.
_UNREADABLE = "unreadable"


def binding_of(namespace: Namespace, url: str) -> Binding:
    """Return what a key is bound to: nobody else's namespace, no other address."""
    return _binding(namespace.internal_id, namespace.namespace_id, url)


def _binding(internal_id: str, namespace_id: str, url: str) -> Binding:
    return Binding(internal_id, namespace_id, KEY_FIELD, destination(url).url)


def seal_key(
    key: str, *, internal_id: str, namespace_id: str, url: str
) -> dict[str, str]:
    """Seal a dedicated cluster's key for this namespace and this address alone."""
    return seal(Secret(key), _binding(internal_id, namespace_id, url))


def stored_key(namespace: Namespace) -> Secret | None:
    """Return the stored key, None where there is none.

    Raises Unavailable where it does not open, Invalid where its address is none.
    """
    sealed = namespace.infrastructure.get(SEALED_FIELD)
    url = namespace.infrastructure.get("qdrant_url")
    if not sealed or not isinstance(url, str):
        return None
    return unseal(sealed, binding_of(namespace, url))


def cluster_of(namespace: Namespace) -> Cluster:
    """Return the cluster: a dedicated one where tier and address say so, else shared.

    Raises Invalid where a dedicated tier lacks its address, Unavailable where its key
    does not open.
    """
    place = endpoint_of(namespace)
    return place if place.is_shared else replace(place, api_key=stored_key(namespace))


def endpoint_of(namespace: Namespace) -> Cluster:
    """Return the cluster, a dedicated one without the key that opens it.

    Raises Invalid where a dedicated tier lacks its address.
    """
    if namespace.tier == "shared":
        return cluster.shared()
    url = namespace.infrastructure.get("qdrant_url")
    if not isinstance(url, str) or not url:
        raise Invalid("The namespace is dedicated, but its cluster has no address.")
    return cluster.dedicated(url, None)


def collection_key(raw: Raw) -> str:
    """Name the place of a collection; no two namespaces have the same."""
    namespace = document.read(raw)
    place = "shared"
    if namespace.tier != "shared":
        place = str(namespace.infrastructure.get("qdrant_url") or "")
    return f"{place}|{namespace.collection}"


def refusal_on_shared(name: str, namespace_id: str, organization_id: str) -> str:
    """Say why a collection may not have this name on the shared cluster, or nothing.

    Everybody's collections are there. Only names that nobody else may choose are
    allowed, so that nobody finds out by a name what others have, or takes theirs.
    """
    if name == namespace_id or name.startswith(f"{organization_id}_"):
        return ""
    return (
        "On the shared cluster a collection has its namespace's id for a name, or one "
        f"that begins with {organization_id}_."
    )


# A change of it ----------------------------------------------------------------------


def cluster_facts(namespace: Namespace, given: Raw) -> ClusterFacts:
    """Return what a plan has to know of the sent address and key; reads, dials none."""
    stored_url = _normal(namespace.infrastructure.get("qdrant_url"))
    url, errors = "", dict[str, list[str]]()
    sent = given.get("qdrant_url")
    if isinstance(sent, str) and sent:  # whether there may be none, the tier says
        try:
            url = destination(sent, field="infrastructure.qdrant_url").url
        except Invalid as invalid:
            errors = invalid.errors
    if given.get("compute_tier") == "shared" and namespace.tier != "shared":
        errors = {**errors, **_homeless(namespace)}
    key, at = given.get(KEY_FIELD), url or stored_url
    sent_key = ""
    if isinstance(key, SecretStr) and key.get_secret_value() and at:
        sent_key = fingerprint(
            Secret(key.get_secret_value()), binding_of(namespace, at)
        )
    return ClusterFacts(
        url=url,
        stored_url=stored_url,
        key=sent_key,
        stored_key=_stored_fingerprint(namespace),
        errors=errors,
    )


def _homeless(namespace: Namespace) -> dict[str, list[str]]:
    """Return the fault of a collection whose name only a cluster of one's own takes."""
    owner = owner_of(namespace.internal_id)
    sentence = refusal_on_shared(
        namespace.collection,
        namespace.namespace_id,
        owner.organization_id if owner else "",
    )
    return {f"{INFRASTRUCTURE}compute_tier": [sentence]} if sentence else {}


def sealed_key(namespace: Namespace, given: Raw, user: str) -> Raw:
    """Seal the sent key for the address that it is sent for, and say by whom."""
    key: Any = given[KEY_FIELD]
    url = given.get("qdrant_url") or namespace.infrastructure["qdrant_url"]
    sealed = seal(Secret(key.get_secret_value()), binding_of(namespace, url))
    return {**sealed, "set_at": timezone.now().isoformat(), "set_by": user}


def _normal(url: object) -> str:
    try:
        return destination(url).url if isinstance(url, str) else ""
    except Invalid:
        return ""


def _stored_fingerprint(namespace: Namespace) -> str:
    url = namespace.infrastructure.get("qdrant_url")
    try:
        key = stored_key(namespace)
    except (Invalid, Unavailable):
        return _UNREADABLE
    return fingerprint(key, binding_of(namespace, str(url))) if key else ""
