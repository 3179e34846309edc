"""Changing several namespaces: what is asked, the review, and the outcomes."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate, step_up
from nsadmin.bulk import service
from nsadmin.bulk.asked import KINDS, Asked, Kind
from nsadmin.bulk.models import BulkChange, State
from nsadmin.errors import Conflict, Invalid
from nsadmin.pages.common.htmx import page, wants_fragment
from nsadmin.pages.common.page_context import current_organization
from nsadmin.pages.namespaces.bulk.actions import ACTIONS
from nsadmin.pages.namespaces.bulk.forms import (
    Asking,
    ConfirmForm,
    form_of,
    needs_input,
)
from nsadmin.pages.namespaces.bulk.page_ids import ids_of_page
from nsadmin.pages.namespaces.bulk.states import badge_of, counted

_TAB = "namespaces"


@gate.page(Action.NAMESPACE_UPDATE)
@require_http_methods(["GET", "HEAD", "POST"])
def new_bulk(request: HttpRequest) -> HttpResponse:
    """Ask what the change needs to know, then make a plan for each namespace."""
    kind = next((one for one in KINDS if one == request.POST.get("kind")), None)
    if request.method != "POST" or kind is None:
        return redirect("namespaces")
    gate.require(gate.actor_of(request), ACTIONS[kind][1])
    ids = _chosen(request)
    is_sent = request.POST.get("step") == "plan" or not needs_input(kind)
    form = form_of(kind, gate.actor_of(request), request.POST if is_sent else None)
    if not ids or len(ids) > service.MOST:
        return _refuse(request, len(ids))
    if not is_sent:
        return _ask(request, kind, ids, form)
    try:
        if form.is_valid():
            return _make(request, form.change(kind), ids)
        status = 422
    except (Invalid, Conflict) as error:
        form.take(error)
        status = error.status
    return _ask(request, kind, ids, form, status=status)


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
        f"Choose at most {service.MOST} namespaces at once."
        if count
        else "Choose at least one namespace: tick its box at the beginning of its row."
    )
    messages.warning(request, text)
    return redirect(_back(request))


def _query(request: HttpRequest) -> str:
    return request.POST.get("back", "")[:8000]


def _back(request: HttpRequest) -> str:
    """Return the address of the list from which the form came."""
    query = _query(request)
    return f"{reverse('namespaces')}?{query}" if query else reverse("namespaces")


def _ask(
    request: HttpRequest,
    kind: Kind,
    ids: list[str],
    form: Asking,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "kind": kind,
        "title": ACTIONS[kind][0].rstrip("…"),
        "ids": ids,
        "back": request.POST.get("back", ""),
        "back_address": _back(request),
        "tab": _TAB,
    }
    return page(request, "namespaces/bulk_ask.html", context, status=status)


def _make(request: HttpRequest, asked: Asked, ids: list[str]) -> HttpResponse:
    actor = gate.actor_of(request)
    change = service.make(actor, current_organization(request), asked, ids)
    return redirect("bulk", change.bulk_id)


@gate.page(Action.NAMESPACE_UPDATE)
@require_http_methods(["GET", "HEAD", "POST"])
def bulk(request: HttpRequest, bulk_id: str) -> HttpResponse:
    """Show the review or the outcomes; a POST confirms the change, or goes on."""
    actor = gate.actor_of(request)
    change = service.find(actor, bulk_id)
    if request.method != "POST":
        return _show(request, change)
    step = request.POST.get("step")
    if change.is_confirmed and step == "second":
        step_up.require_password(request)
        service.approve(actor, change)
    if step in ("continue", "second"):
        if change.is_confirmed and step == "continue":
            service.go_on(actor, change)
        is_part = wants_fragment(request)
        return _show(request, change) if is_part else redirect("bulk", bulk_id)
    return _confirm(request, change)


def _confirm(request: HttpRequest, change: BulkChange) -> HttpResponse:
    """Carry the change out; all that is wrong is said before the password is asked."""
    actor, sent = gate.actor_of(request), request.POST
    included, ticks = set(sent.getlist("include")), set(sent.getlist("tick"))
    form, status = ConfirmForm(sent), 422
    is_deletion = Asked.from_json(change.asked).kind == "delete"
    try:
        if form.is_valid():
            service.require_confirmable(change, included, ticks)
            if is_deletion:
                form.require_count(len(included))
            if is_deletion or service.is_second(actor, change):
                step_up.require_password(request)
            service.confirm(actor, change, included, ticks)
            service.go_on(actor, change)
            return redirect("bulk", change.bulk_id)
    except (Invalid, Conflict) as error:
        form.take(error)
        status = error.status
    return _show(request, change, form, status=status)


def _show(
    request: HttpRequest,
    change: BulkChange,
    form: ConfirmForm | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    asked, rows = Asked.from_json(change.asked), service.items_of(change)
    planned = [row for row in rows if row.state == State.PLANNED]
    sent = form is not None
    included = request.POST.getlist("include")
    given = request.POST.getlist("tick")
    context: dict[str, Any] = {
        "change": change,
        "asked": asked,
        "form": form or ConfirmForm(),
        "is_deletion": asked.kind == "delete",
        "planned": [(row, not sent or row.namespace_id in included) for row in planned],
        "others": [(row, badge_of(row)) for row in rows if row.state != State.PLANNED],
        "rows": [(row, badge_of(row)) for row in rows],
        "ticks": [
            (tick, sentence, count, tick in given)
            for tick, (sentence, count) in service.ticks_of(change, rows).items()
        ],
        "counted": counted(rows),
        "left": len(planned) if change.is_confirmed else 0,
        "may_be_second": (
            change.made_by_label != gate.actor_of(request).label
            and any(row.state == State.WAITING for row in rows)
        ),
        "is_running": any(row.state == State.RUNNING for row in rows),
        "tab": _TAB,
    }
    template = "bulk_outcomes" if change.is_confirmed else "bulk_review"
    return page(
        request,
        f"namespaces/{template}.html",
        context,
        fragment="outcomes" if change.is_confirmed else None,
        status=status,
    )
