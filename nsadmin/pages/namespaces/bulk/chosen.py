"""The ticks of the list, kept with the sent form while its change is not made."""

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
NONE: Final = "none"
# The session key of the last list from which a change was asked for: the browser's Back
# leads to the list's own address, which names no draft.
_SENT: Final = "bulk_chosen"


def place_of(request: HttpRequest) -> Place:
    """Return the place of the forms that ask for a change."""
    return Place("bulk", current_organization(request).organization_id)


def find(request: HttpRequest, draft_id: str) -> Draft | None:
    """Return the person's sent form; None for any other."""
    if not draft_id:
        return None
    return drafts.find(gate.actor_of(request), place_of(request), draft_id)


def remember(request: HttpRequest, draft: Draft) -> None:
    """Remember from which list the namespaces were chosen."""
    query = draft.form.get("back", [""])[0]
    request.session[_SENT] = {"query": query, "draft": draft.draft_id}


def forget(request: HttpRequest, draft_id: str) -> None:
    """Forget what was chosen, once its change is confirmed."""
    if request.session.get(_SENT, {}).get("draft") == draft_id:
        del request.session[_SENT]


def ticked(request: HttpRequest) -> frozenset[str]:
    """Return the namespaces that the list ticks: those that were chosen on it.

    The session's are ticked once: ticks that a later visit did not set must not be part
    of its change.
    """
    wanted = request.GET.get(CHOSEN, "")
    sent = request.session.get(_SENT)
    is_here = sent is not None and sent["query"] == query_of(request.GET)
    if sent is not None and (wanted == NONE or (is_here and not wanted)):
        del request.session[_SENT]
        wanted = wanted or sent["draft"]
    draft = find(request, wanted) if wanted != NONE else None
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
