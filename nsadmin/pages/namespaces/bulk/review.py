"""A change to several namespaces: its review, its confirmation, and its outcomes."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate, step_up
from nsadmin.bulk import running, service
from nsadmin.bulk.asked import Asked
from nsadmin.bulk.models import BulkChange, State
from nsadmin.drafts import service as drafts
from nsadmin.drafts.service import Place
from nsadmin.errors import Conflict, Invalid
from nsadmin.pages.common.done import SeeOther
from nsadmin.pages.common.htmx import FORM_ADDRESS, page, wants_fragment
from nsadmin.pages.namespaces.bulk import chosen
from nsadmin.pages.namespaces.bulk.forms import ConfirmForm
from nsadmin.pages.namespaces.bulk.outcomes import counted, outcomes_of
from nsadmin.pages.namespaces.bulk.second import second_of
from nsadmin.pages.namespaces.bulk.views import TAB
from nsadmin.plans.forms import as_data

_SENT = "sent"
_ALREADY = "This change was confirmed already. Nothing was done twice."


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
        running.approve(actor, change)
    elif change.is_confirmed and step == "continue":
        running.go_on(actor, change)
        if wants_fragment(request):
            return _show(request, change)
    elif change.is_confirmed:
        messages.info(request, _ALREADY)
    elif step == "confirm":
        return _confirm(request, change)
    return SeeOther(_address(change))


def _address(change: BulkChange) -> str:
    return reverse("bulk", args=[change.bulk_id])


def _place(change: BulkChange) -> Place:
    return Place("bulk_review", change.organization_id, change.bulk_id)


def _confirm(request: HttpRequest, change: BulkChange) -> HttpResponse:
    """Carry the change out; all that is wrong is said before the password is asked."""
    actor, sent = gate.actor_of(request), request.POST
    included, ticks = set(sent.getlist("include")), set(sent.getlist("tick"))
    form = ConfirmForm(sent)
    try:
        if form.is_valid():
            _require(request, change, form, sent)
            if _is_deletion(change) or service.is_second(actor, change):
                step_up.require_password(request)
            service.confirm(actor, change, included, ticks)
            running.go_on(actor, change)
            return SeeOther(_address(change))
    except (Invalid, Conflict):
        pass  # The page of what was sent finds and says it again.
    kept = {key: sent.getlist(key) for key in ("include", "tick", "count")}
    draft = drafts.keep(actor, _place(change), {**kept, "step": ["confirm"]})
    response = SeeOther(f"{_address(change)}?{_SENT}={draft.draft_id}")
    response.headers[FORM_ADDRESS] = response.url
    return response


def _is_deletion(change: BulkChange) -> bool:
    return Asked.from_json(change.asked).kind == "delete"


def _require(
    request: HttpRequest, change: BulkChange, form: ConfirmForm, sent: QueryDict
) -> None:
    """Raise Invalid or Conflict if this form cannot confirm the change."""
    included, ticks = set(sent.getlist("include")), set(sent.getlist("tick"))
    rows = service.require_confirmable(change, included, ticks)
    service.require_own_part(gate.actor_of(request), change, rows)
    if _is_deletion(change):
        form.require_count(len(included))


def _sent_form(
    request: HttpRequest, change: BulkChange
) -> tuple[ConfirmForm, QueryDict | None]:
    """Return the form as it was sent, with what was wrong with it, and the input.

    An empty form and None if nothing was sent.
    """
    draft_id = request.GET.get(_SENT, "")
    actor, place = gate.actor_of(request), _place(change)
    draft = drafts.find(actor, place, draft_id) if draft_id else None
    if draft is None:
        return ConfirmForm(), None
    sent = as_data(draft.form)
    form = ConfirmForm(sent)
    try:
        if form.is_valid():
            _require(request, change, form, sent)
    except (Invalid, Conflict) as error:
        form.take(error)
    return form, sent


def _show(request: HttpRequest, change: BulkChange) -> HttpResponse:
    draft = chosen.find(request, change.draft_id)
    rows = service.items_of(change)
    if change.is_confirmed:
        service.settle(change, rows)
    context: dict[str, Any] = {
        "change": change,
        "asked": Asked.from_json(change.asked),
        "is_deletion": _is_deletion(change),
        "rows": outcomes_of(request, change, rows),
        "counted": counted(rows),
        "second": second_of(request, change, rows),
        "link": request.build_absolute_uri(_address(change)),
        "back_address": chosen.list_address(draft, ticked=not change.is_confirmed),
        "tab": TAB,
    }
    if not change.is_confirmed:
        context |= _review_context(request, change, context)
        return page(request, "namespaces/bulk_review.html", context)
    context["left"] = running.left_of(change)
    context["is_running"] = any(row.state == State.RUNNING for row in rows)
    template = "namespaces/bulk_outcomes.html"
    return page(request, template, context, fragment="outcomes")


def _review_context(
    request: HttpRequest, change: BulkChange, context: dict[str, Any]
) -> dict[str, Any]:
    form, data = _sent_form(request, change)
    sent = data.getlist if data is not None else None
    planned = [shown for shown in context["rows"] if shown.row.state == State.PLANNED]
    ticks = service.ticks_of(change, [shown.row for shown in planned])
    return {
        "form": form,
        "planned": [
            (shown.row, sent is None or shown.row.namespace_id in sent("include"))
            for shown in planned
        ],
        "others": [shown for shown in context["rows"] if shown not in planned],
        "ticks": [
            (tick, sentence, count, sent is not None and tick in sent("tick"))
            for tick, (sentence, count) in ticks.items()
        ],
    }
