"""Asking for a change to several namespaces: what it needs to know, then its plans.

Every POST ends in a redirect. What was sent is a draft with an address, so the
browser's Back shows it as it was sent.
"""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.bulk import making
from nsadmin.bulk.asked import KINDS, Asked, Kind
from nsadmin.drafts import service as drafts
from nsadmin.drafts.models import Draft
from nsadmin.drafts.service import Input
from nsadmin.errors import Conflict, Invalid
from nsadmin.namespaces.read import lookups
from nsadmin.pages.common.done import SeeOther
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.page_context import current_organization
from nsadmin.pages.namespaces.bulk import chosen
from nsadmin.pages.namespaces.bulk.actions import ACTIONS
from nsadmin.pages.namespaces.bulk.forms import Asking, form_of, needs_input
from nsadmin.pages.namespaces.bulk.page_ids import ids_of_page
from nsadmin.plans.forms import as_data, kept_input

TAB = "namespaces"
_FORM = "form"
_PLAN = "plan"
_NAMED: Final = 20
# What is no input of a kept form.
_LEFT_OUT = frozenset({"csrfmiddlewaretoken", "all", "step", _FORM})


@gate.page(Action.NAMESPACE_UPDATE)
@require_http_methods(["GET", "HEAD", "POST"])
def new_bulk(request: HttpRequest) -> HttpResponse:
    """Ask what the change needs to know; a POST keeps the form and makes the plans."""
    if request.method != "POST":
        draft = chosen.find(request, request.GET.get(_FORM, ""))
        return redirect("namespaces") if draft is None else _ask(request, draft)
    if _FORM in request.POST:
        return _filled_in(request)
    kind = next((one for one in KINDS if one == request.POST.get("kind")), None)
    if kind is None:
        return redirect("namespaces")
    gate.require(gate.actor_of(request), ACTIONS[kind][1])
    ids = _chosen(request)
    if not ids or len(ids) > making.MOST:
        return _refuse(request, len(ids))
    is_sent = request.POST.get("step") == _PLAN or not needs_input(kind)
    form = _input(request, {"id": ids, "kind": [kind], "back": [_query(request)]})
    form |= {"step": [_PLAN]} if is_sent else {}
    draft = drafts.keep(gate.actor_of(request), chosen.place_of(request), form)
    return _make(request, draft) if is_sent else SeeOther(_address(draft))


def _filled_in(request: HttpRequest) -> HttpResponse:
    """Keep the input of the form that asks for more, and make the plans."""
    draft = chosen.find(request, request.POST[_FORM])
    if draft is None:
        note = "This form is kept no longer. Choose the namespaces again."
        messages.warning(request, note)
        return redirect("namespaces")
    gate.require(gate.actor_of(request), ACTIONS[_kind(draft)][1])
    fixed = {key: draft.form[key] for key in ("id", "kind", "back")}
    drafts.replace(draft, {**_input(request, fixed), "step": [_PLAN]})
    return _make(request, draft)


def _input(request: HttpRequest, fixed: Input) -> Input:
    sent = kept_input(request.POST)
    return {k: v for k, v in sent.items() if k not in _LEFT_OUT} | fixed


def _chosen(request: HttpRequest) -> list[str]:
    """Return the ticked namespaces; with the tick of the head, all of the page.

    A script ticks them all itself, and then does not send the one of the head.
    """
    every = ids_of_page(request, _query(request)) if request.POST.get("all") else []
    ticked = request.POST.getlist("id")
    sent = (one for one in [*every, *ticked] if one and "\x00" not in one)
    return list(dict.fromkeys(sent))


def _refuse(request: HttpRequest, count: int) -> HttpResponse:
    """Go back to the list, which says what was wrong."""
    text = (
        f"Choose at most {making.MOST} namespaces at once."
        if count
        else "Choose at least one namespace: tick its box at the beginning of its row."
    )
    messages.warning(request, text)
    query = _query(request)
    here = reverse("namespaces")
    return SeeOther(f"{here}?{query}" if query else here)


def _query(request: HttpRequest) -> str:
    return request.POST.get("back", "").replace("\x00", "")[:8000]


def _kind(draft: Draft) -> Kind:
    found: Kind = draft.form["kind"][0]
    return found


def _address(draft: Draft) -> str:
    """Return the address of the form with its input as it was sent."""
    return f"{reverse('bulk_new')}?{_FORM}={draft.draft_id}"


def _ask(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Show the form that asks for more, with its input and errors if it was sent."""
    kind = _kind(draft)
    gate.require(gate.actor_of(request), ACTIONS[kind][1])
    form = _form(request, draft)
    if form.is_bound:
        _read(form, kind)
    context: dict[str, Any] = {
        "form": form,
        "kind": kind,
        "draft": draft,
        "title": ACTIONS[kind][0].rstrip("…"),
        "ids": draft.form["id"],
        "names": _names(request, draft.form["id"]),
        "back_address": chosen.list_address(draft),
        "tab": TAB,
    }
    return page(request, "namespaces/bulk_ask.html", context)


def _names(request: HttpRequest, ids: list[str]) -> list[str]:
    tenant = current_organization(request).internal_id
    return lookups.first_names(gate.actor_of(request), tenant, ids, limit=_NAMED)


def _form(request: HttpRequest, draft: Draft) -> Asking:
    is_sent = "step" in draft.form
    data = as_data(draft.form) if is_sent else None
    return form_of(_kind(draft), gate.actor_of(request), data)


def _read(form: Asking, kind: Kind) -> Asked | None:
    """Return what a form asks for; None with the errors in the form."""
    try:
        if form.is_valid():
            return form.change(kind)
    except (Invalid, Conflict) as error:
        form.take(error)
    return None


def _make(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Make the plans and lead to their review, or back to the form with its errors."""
    kind = _kind(draft)
    asked = _read(_form(request, draft), kind)
    if asked is None:
        return SeeOther(_address(draft))
    change = making.make(
        gate.actor_of(request),
        current_organization(request),
        asked,
        draft.form["id"],
        draft_id=draft.draft_id,
        sent_key=drafts.key_of(draft),
    )
    return SeeOther(reverse("bulk", args=[change.bulk_id]))
