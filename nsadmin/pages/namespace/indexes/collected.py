"""The edits of the index page as they were sent, kept under an address."""

from typing import Final

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from nsadmin.access.web import gate
from nsadmin.drafts import service as drafts
from nsadmin.drafts.service import Place
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.plans.forms import as_data, kept_input

# The key of the page's address that names what was sent.
EDITS: Final = "edits"
_TOKEN = "csrfmiddlewaretoken"  # noqa: S105 - the name of a field


def address_of(request: HttpRequest, view: NamespaceView) -> str:
    """Keep what was sent, and return the address of the page that shows it."""
    form = kept_input(request.POST)
    form.pop(_TOKEN, None)
    draft = drafts.keep(gate.actor_of(request), _place(view), form)
    own_id = view.namespace.namespace_id
    return f"{reverse('indexes', args=[own_id])}?{EDITS}={draft.draft_id}"


def sent_of(request: HttpRequest, view: NamespaceView) -> QueryDict | None:
    """Return what the address of the page names; None without it, or if it is gone."""
    draft_id = request.GET.get(EDITS, "")
    if not draft_id:
        return None
    draft = drafts.find(gate.actor_of(request), _place(view), draft_id)
    return as_data(draft.form) if draft is not None else None


def _place(view: NamespaceView) -> Place:
    return Place("indexes", view.organization_id, view.namespace.namespace_id)
