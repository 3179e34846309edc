"""Whether the name, the id and the collection of a new namespace are free."""

from nsadmin.access.organization.organizations import owner_of
from nsadmin.audit.models import AuditEvent, Outcome
from nsadmin.errors import Conflict, RateLimited
from nsadmin.namespaces.change import preconditions
from nsadmin.namespaces.placement.clusters import collection_key
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores import ephemeral
from nsadmin.stores.mongo import namespaces as store

# Refusals of ids that exist, of one organization within so many seconds.
_MAX_REFUSALS, _REFUSALS_S = 20, 3600


def require_free(namespace: Namespace) -> None:
    """Raise Conflict for a taken name, id or collection.

    The unique indexes of the store have the last word.
    """
    preconditions.require_free_name(namespace.internal_id, namespace.name)
    # Read before the id: a namespace created in between is reported by its id.
    holders = store.find_by_collection(namespace.collection)
    if store.get(namespace.namespace_id) is not None or _id_was_used_elsewhere(
        namespace
    ):
        raise _refused_id(namespace)
    place = collection_key(namespace.raw)
    if any(collection_key(raw) == place for raw in holders):
        raise collection_taken()


def _refused_id(namespace: Namespace) -> Conflict:
    """Return the error of an id that exists in any organization; count the refusal.

    The answer tells that an id exists, so only a few may be tried in an hour.
    """
    ephemeral.increment(_refusals(namespace.internal_id), seconds=_REFUSALS_S)
    return Conflict(
        "This id cannot be used. Choose another one, or leave it out.",
        code="namespace_id_taken",
        details={"field": "namespace_id"},
    )


def require_few_refusals(internal_id: str) -> None:
    """Raise RateLimited for an organization that has tried many ids that exist."""
    refused = ephemeral.load(_refusals(internal_id)) or "0"
    if int(refused) >= _MAX_REFUSALS:
        raise RateLimited(
            "Too many ids were tried that cannot be used. Leave the id out, or try "
            "again in an hour.",
            details={"limit": _MAX_REFUSALS, "retry_after": _REFUSALS_S},
        )


def _refusals(internal_id: str) -> str:
    return f"refused-ids:{internal_id}"


def _id_was_used_elsewhere(namespace: Namespace) -> bool:
    """Tell whether another organization had a namespace with that id, now deleted.

    Its audit and usage data are stored by id and must not become the new one's.
    """
    owner = owner_of(namespace.internal_id)
    others = AuditEvent.objects.filter(namespace_id=namespace.namespace_id)
    if owner is not None:
        others = others.exclude(organization_id=owner.organization_id)
    return others.exclude(outcome__in=(Outcome.REFUSED, Outcome.FAILED)).exists()


def collection_taken() -> Conflict:
    """Return the error of a collection that exists."""
    return Conflict(
        "A collection of that name exists already.",
        code="collection_taken",
        details={"field": "infrastructure.qdrant_collection"},
    )
