"""The Qdrant cluster that holds a namespace's collection, and its API key."""

from dataclasses import replace
from typing import Any

from django.utils import timezone
from pydantic import SecretStr

from nsadmin.access.organization.organizations import owner_of
from nsadmin.errors import Invalid, Unavailable
from nsadmin.namespaces.plan.infrastructure_steps import ClusterFacts
from nsadmin.namespaces.plan.readable import require_placement
from nsadmin.namespaces.plan.steps import INFRASTRUCTURE
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.infrastructure import KEY_FIELD, SEALED_FIELD
from nsadmin.namespaces.schema.moving import (
    Fallback,
    left_behind,
    place_of,
    with_infrastructure,
)
from nsadmin.stores.qdrant import cluster
from nsadmin.stores.qdrant.cluster import Cluster
from nsadmin.stores.seal import Binding, Secret, fingerprint, seal, unseal
from nsadmin.stores.ssrf_guard import destination, is_listed

# Replaces the fingerprint of a stored key that cannot be unsealed.
_UNREADABLE = "unreadable"


def binding_of(namespace: Namespace, url: str) -> Binding:
    """Return the binding of a key, which fits this namespace and URL only."""
    return _binding(namespace.internal_id, namespace.namespace_id, url)


def _binding(internal_id: str, namespace_id: str, url: str) -> Binding:
    place = destination(url, any_port=True)
    return Binding(internal_id, namespace_id, KEY_FIELD, place.url)


def seal_key(
    key: str, *, internal_id: str, namespace_id: str, url: str
) -> dict[str, str]:
    """Seal a dedicated cluster's key for this namespace and this URL only."""
    return seal(Secret(key), _binding(internal_id, namespace_id, url))


def stored_key(namespace: Namespace) -> Secret | None:
    """Return the stored key, or None if none is stored.

    Raises Unavailable if it cannot be unsealed, Invalid if its URL is not valid.
    """
    sealed = namespace.infrastructure.get(SEALED_FIELD)
    url = namespace.infrastructure.get("qdrant_url")
    if not sealed or not isinstance(url, str):
        return None
    return unseal(sealed, binding_of(namespace, url))


def cluster_of(namespace: Namespace) -> Cluster:
    """Return the namespace's cluster, dedicated or shared, with its key.

    Raises Invalid if a dedicated tier has no URL, Conflict if its place cannot be read,
    Unavailable if its key cannot be unsealed.
    """
    endpoint = endpoint_of(namespace)
    if endpoint.is_shared:
        return endpoint
    return replace(endpoint, api_key=stored_key(namespace))


def endpoint_of(namespace: Namespace) -> Cluster:
    """Return the namespace's cluster, a dedicated one without its key.

    Raises Invalid if a dedicated tier has no URL, or one that its organization may not
    use; Conflict if its place cannot be read.
    """
    require_placement(namespace)
    if namespace.tier == "shared":
        return cluster.shared()
    url = namespace.infrastructure.get("qdrant_url")
    if not isinstance(url, str) or not url:
        raise Invalid("The namespace is dedicated, but its cluster has no address.")
    return dedicated_of(namespace.internal_id, url)


def dedicated_of(internal_id: str, url: str) -> Cluster:
    """Return the cluster at a URL as the tenant dials it, without a key.

    Raises Invalid for an address that may not be dialled for its organization.
    """
    place = destination(url)
    organization_id = ""
    if is_listed(place.host, place.port):
        owner = owner_of(internal_id)
        organization_id = owner.organization_id if owner else ""
    return cluster.dedicated(url, None, organization_id=organization_id)


def collection_key(raw: Raw) -> str:
    """Return a text that identifies a collection among all clusters."""
    return "|".join(place_of(document.read(raw)))


def left_at(now: Namespace, after: Namespace) -> Fallback | None:
    """Return what an earlier move left behind where the namespace would go; or None."""
    place = _normal_place(after)
    for left in left_behind(now):
        if _normal_place(with_infrastructure(now, left.infrastructure)) == place:
            return left
    return None


def _normal_place(namespace: Namespace) -> tuple[str, str]:
    place, collection = place_of(namespace)
    return _normalized_url(place) or place, collection


def shared_name_error(name: str, namespace_id: str, organization_id: str) -> str:
    """Return the reason why the shared cluster does not allow this name, else "".

    All organizations share that cluster. Allowed are only names that no other
    organization can choose, so that trying a name neither reveals nor takes another
    organization's collection.
    """
    if name == namespace_id or name.startswith(f"{organization_id}_"):
        return ""
    return (
        "On the shared cluster a collection's name must be its namespace's id or begin "
        f"with {organization_id}_."
    )


# Changing the cluster -----------------------------------------------------------------


def cluster_facts(namespace: Namespace, given: Raw) -> ClusterFacts:
    """Return the facts about the sent URL and key that a plan needs.

    Unseals the stored key to compare; connects to no cluster.
    """
    stored_url = _normalized_url(namespace.infrastructure.get("qdrant_url"))
    url, errors = "", dict[str, list[str]]()
    sent = given.get("qdrant_url")
    if isinstance(sent, str) and sent:  # the tier decides whether it may be absent
        try:
            url = checked_url(namespace.internal_id, sent)
        except Invalid as error:
            errors = error.errors
    if given.get("compute_tier") == "shared" and namespace.tier != "shared":
        errors = {**errors, **_shared_name_errors(namespace)}
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


def new_cluster_facts(internal_id: str, sent: Raw) -> ClusterFacts:
    """Return the address sent for a new namespace in its normal form, or its errors."""
    url, key = sent.get("qdrant_url"), "sent" if sent.get(KEY_FIELD) else ""
    if not isinstance(url, str):
        return ClusterFacts(key=key)
    try:
        return ClusterFacts(url=checked_url(internal_id, url), key=key)
    except Invalid as invalid:
        return ClusterFacts(key=key, errors=invalid.errors)


def checked_url(internal_id: str, url: str) -> str:
    """Return a sent URL in its normal form, or raise Invalid at its field.

    The tenant may not be put on a cluster that is listed for others.
    """
    place = destination(url, field=f"{INFRASTRUCTURE}qdrant_url")
    try:
        dedicated_of(internal_id, url)
    except Invalid as error:
        raise Invalid.at(
            f"{INFRASTRUCTURE}qdrant_url",
            "This address is not allowed.",
            code=error.code,
        ) from None
    return place.url


def _shared_name_errors(namespace: Namespace) -> dict[str, list[str]]:
    """Return the error of a collection name that only a dedicated cluster allows."""
    owner = owner_of(namespace.internal_id)
    message = shared_name_error(
        namespace.collection,
        namespace.namespace_id,
        owner.organization_id if owner else "",
    )
    return {f"{INFRASTRUCTURE}compute_tier": [message]} if message else {}


def sealed_key(namespace: Namespace, given: Raw, user: str) -> Raw:
    """Return the sent key sealed for its URL, with the time and the user."""
    key: Any = given[KEY_FIELD]
    url = given.get("qdrant_url") or namespace.infrastructure["qdrant_url"]
    sealed = seal(Secret(key.get_secret_value()), binding_of(namespace, url))
    return {**sealed, "set_at": timezone.now().isoformat(), "set_by": user}


def _normalized_url(url: object) -> str:
    try:
        return destination(url, any_port=True).url if isinstance(url, str) else ""
    except Invalid:
        return ""


def _stored_fingerprint(namespace: Namespace) -> str:
    url = namespace.infrastructure.get("qdrant_url")
    try:
        key = stored_key(namespace)
    except (Invalid, Unavailable):
        return _UNREADABLE
    return fingerprint(key, binding_of(namespace, str(url))) if key else ""
