"""The namespaces of a page of the list, by the query of its address."""

from django.http import HttpRequest, QueryDict

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.namespaces.listing import listing
from nsadmin.pages.common.page_context import current_organization
from nsadmin.pages.common.paging import offset_in
from nsadmin.pages.namespaces.forms.listing import read_query
from nsadmin.pages.namespaces.shape import shape_of


def ids_of_page(request: HttpRequest, query: str) -> list[str]:
    """Return the ids of the page as it is now, without those that are read only.

    The review shows them before anything is changed.
    """
    actor, asked = gate.actor_of(request), QueryDict(query)
    wanted = read_query(
        asked,
        organization_id=current_organization(request).organization_id,
        offset=offset_in(asked),
        limit=shape_of(asked).per_page,
    )
    rows = listing.listing(actor, wanted).rows
    may_all = actor.may(Action.NAMESPACE_SYSTEM)
    return [row.namespace_id for row in rows if may_all or row.scope != "system"]
