"""The documents that a filter finds, as a file of JSON lines."""

from django.http import HttpRequest, StreamingHttpResponse

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.access.web.sign_in import post_only
from nsadmin.documents.collection import open_collection
from nsadmin.documents.export import start_export
from nsadmin.documents.fields import catalogue
from nsadmin.documents.query.filters import Filter
from nsadmin.errors import Invalid
from nsadmin.namespaces.read import queries
from nsadmin.pages.documents.address import query_pairs


@gate.page(Action.DOCUMENT_EXPORT)
@post_only
def export(request: HttpRequest, namespace_id: str) -> StreamingHttpResponse:
    """Stream the documents; the filter is in the address, as that of the list."""
    actor = gate.actor_of(request)
    view = queries.get(actor, namespace_id, action=Action.DOCUMENT_EXPORT)
    opened = open_collection(actor, view)
    if set(request.POST) - {"csrfmiddlewaretoken", "vectors"}:
        raise Invalid("Send the filter of an export in the address.")
    asked = Filter.from_query(query_pairs(request), catalogue(opened).types)
    started = start_export(
        opened, asked=asked, with_vectors=request.POST.get("vectors") == "1"
    )
    return StreamingHttpResponse(
        started.lines,
        content_type="application/x-ndjson",
        headers={"Content-Disposition": f'attachment; filename="{started.filename}"'},
    )
