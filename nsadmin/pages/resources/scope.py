"""What the pages of resources share: the frame, addresses, links to documents."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.pages.common.page_context import namespace_scope
from nsadmin.resources import listing
from nsadmin.resources.references.kinds import KINDS, WORDS, Kind, KindWords
from nsadmin.resources.references.resource import Resource

# The field of a document's payload that holds the id of a resource.
_PAYLOAD_FIELDS: dict[Kind, str] = {
    "buckets": "root_bucket_id",
    "objects": "root_object_id",
    "collections": "collection_id",
}


@dataclass(frozen=True, slots=True)
class KindTab:
    """A tab of a kind with the number of its resources; None while it is unknown."""

    kind: Kind
    words: KindWords
    count: int | None


def resources_scope(view: NamespaceView) -> dict[str, Any]:
    """Return the context that all pages of resources share."""
    namespace_id = view.namespace.namespace_id
    counts = {} if view.from_mirror else listing.counts_of(namespace_id)
    return {
        **namespace_scope(view),
        "tab": "resources",
        "kinds": [KindTab(kind, WORDS[kind], counts.get(kind)) for kind in KINDS],
    }


def address_of(namespace_id: str, resource: Resource) -> str:
    """Return the address of a resource's page; "" if its id fits no address."""
    if resource.address is None:
        return ""
    return reverse("resource", args=[namespace_id, resource.kind, resource.address])


def documents_of(namespace_id: str, resource: Resource) -> str:
    """Return the address of the documents that were made of a resource, or "".

    A condition in an address is the field, its type, the operator and the value.
    """
    field = _PAYLOAD_FIELDS.get(resource.kind)
    if field is None or not resource.id:
        return ""
    condition = {"f": field, "t": "keyword", "o": "is", "v": resource.id}
    return f"{reverse('documents', args=[namespace_id])}?{urlencode(condition)}"
