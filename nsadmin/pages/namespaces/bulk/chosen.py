"""The ticks of the list, kept with the sent form, and found by the list's address."""

from typing import Final
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from nsadmin.access.web import gate
from nsadmin.drafts import service as drafts
from nsadmin.drafts.models import Draft
from nsadmin.drafts.service import Place
from nsadmin.pages.common.page_context import current_organization

# The key of the list's address that names the draft whose namespaces are ticked.
CHOSEN: Final = "chosen"


def place_of(request: HttpRequest) -> Place:
    """Return the place of the forms that ask for a change."""
    return Place("bulk", current_organization(request).organization_id)


def find(request: HttpRequest, draft_id: str) -> Draft | None:
    """Return the person's sent form; None for any other."""
    if not draft_id:
        return None
    return drafts.find(gate.actor_of(request), place_of(request), draft_id)


def ticked(request: HttpRequest) -> frozenset[str]:
    """Return the namespaces that the list ticks: those of the form in its address.

    Another address ticks none: ticks that this visit did not set must not be part of
    its change.
    """
    draft = find(request, request.GET.get(CHOSEN, ""))
    return frozenset(draft.form.get("id", [])) if draft is not None else frozenset()


def query_of(get: QueryDict) -> str:
    """Return the query of the list's address without what is ticked."""
    kept = get.copy()
    kept.pop(CHOSEN, None)
    return kept.urlencode()


def list_address(draft: Draft | None, *, ticked: bool = True) -> str:
    """Return the address of the list from which a form came, with its ticks."""
    if draft is None:
        return reverse("namespaces")
    query = draft.form.get("back", [""])[0]
    more = urlencode({CHOSEN: draft.draft_id}) if ticked else ""
    found = "&".join(filter(None, [query, more]))
    return f"{reverse('namespaces')}?{found}" if found else reverse("namespaces")
