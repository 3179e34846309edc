"""Cloning a namespace: the form, the review, and the start of the job."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from nsadmin.access.actor import Actor
from nsadmin.access.organization.second_person import Guarded, is_required
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate, step_up
from nsadmin.clones import start
from nsadmin.clones.preview import ClonePreview, losses_of, preview
from nsadmin.clones.readiness import readiness
from nsadmin.clones.request import NEVER, CloneRequest
from nsadmin.clones.review.forecast import Forecast, forecast
from nsadmin.clones.review.losses import Losses
from nsadmin.clones.target import resolved
from nsadmin.errors import (
    Conflict,
    Invalid,
    NsadminError,
    QuotaExceeded,
    RateLimited,
    Unavailable,
    UpstreamError,
)
from nsadmin.jobs.models import Job
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema import document
from nsadmin.pages.common import api_examples
from nsadmin.pages.common.done import SeeOther
from nsadmin.pages.common.page_context import (
    change_page,
    editable,
    namespace_scope,
    say_when,
)
from nsadmin.pages.common.transfer_words import forecast_text, size_text, way_words
from nsadmin.pages.namespace.sealed_input import keep_secret, kept_secret
from nsadmin.pages.namespaces.forms.clones import CloneForm, places
from nsadmin.plans import service
from nsadmin.plans.copying import CloneChange

_CAUGHT = (Invalid, Conflict, QuotaExceeded, RateLimited, UpstreamError, Unavailable)
_DEDICATED = ("dedicated_cpu", "dedicated_gpu")
_KINDS = ("points", "objects", "buckets", "collections", "retrievers", "taxonomies")
_UNTICKED = "Tick what the clone loses or where it goes, to start it."
_CHANGED = "What the clone loses has changed since. Read it again and tick it."


@dataclass(frozen=True, slots=True)
class ForecastView:
    """A forecast as it is shown; empty texts for what is not known.

    `estimate` is the time for the points alone, where no clone was measured.
    """

    told: Forecast
    time: str
    estimate: str
    way: str
    size: str
    sent: str

    @property
    def rates(self) -> str:
        """The measured points per second, as one number or as two."""
        low, high = (f"{rate or 0:,.0f}" for rate in (self.told.low, self.told.high))
        return low if low == high else f"{low} to {high}"


@keep_secret
@gate.page(Action.NAMESPACE_CLONE)
@require_http_methods(["GET", "HEAD", "POST"])
def clone(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Show the form; the first submit shows the review, the second starts the job."""
    actor = gate.actor_of(request)
    view = editable(actor, namespace_id, Action.NAMESPACE_CLONE)
    if request.method != "POST":
        chosen = resolved(actor, view.namespace, None)
        form = CloneForm(initial={"compute_tier": chosen})
        return _show_form(request, view, form)
    form = CloneForm(request.POST, key=kept_secret(request, namespace_id))
    step = request.POST.get("step", "preview")
    if step == "edit":
        return _show_form(request, view, form)
    if not form.is_valid():
        return _show_form(request, view, form, error_status=422)
    try:
        wanted = form.wanted(actor, view)
        if request.POST.get("compute_tier") in _DEDICATED:
            step_up.require_password(request)
        if step == "confirm":
            return _confirm(request, view, form, wanted)
        shown = preview(actor, view.namespace.namespace_id, wanted)
    except _CAUGHT as error:
        return _show_form(request, view, form, error=error)
    return _review(request, view, form, shown)


def _confirm(
    request: HttpRequest, view: NamespaceView, form: CloneForm, wanted: CloneRequest
) -> HttpResponse:
    """Start the clone if what it loses was accepted; else show the review again."""
    actor = gate.actor_of(request)
    begun = start.find_double_submit(actor, view.namespace.namespace_id, wanted)
    if begun is not None:
        return redirect("job", begun.job_id)
    fault = _consent_fault(request, losses_of(actor, view.namespace, wanted))
    if fault:
        shown = preview(actor, view.namespace.namespace_id, wanted)
        return _review(request, view, form, shown, fault=fault)
    if wanted.source_organization_id:
        step_up.require_password(request)
    if _needs_second(actor, view, wanted):
        return _planned(actor, view, wanted)
    return redirect("job", _start(actor, view, wanted).job_id)


def _consent_fault(request: HttpRequest, losses: Losses) -> str:
    """Return why the ticks do not fit what the clone loses; empty if they do."""
    faults = []
    for name, sentences, key in (
        ("accept_place", losses.place, losses.place_key),
        ("accept_lost", losses.lost, losses.lost_key),
    ):
        ticked = request.POST.get(name, "")
        if sentences and ticked != key:
            faults.append(_CHANGED if ticked else _UNTICKED)
    return faults[0] if faults else ""


def _needs_second(actor: Actor, view: NamespaceView, wanted: CloneRequest) -> bool:
    is_across = wanted.source_organization_id is not None
    owner = view.namespace.internal_id
    return is_across and is_required(actor, owner, Guarded.ACROSS)


def _planned(actor: Actor, view: NamespaceView, wanted: CloneRequest) -> HttpResponse:
    """Keep the plan of a clone that a second person confirms."""
    own_id = view.namespace.namespace_id
    saved = service.keep(actor, own_id, CloneChange(wanted), source="form")
    return SeeOther(reverse("plan", args=[own_id, saved.plan_id]))


def _start(actor: Actor, view: NamespaceView, wanted: CloneRequest) -> Job:
    """Start the clone; a double click returns the job of the first click."""
    source_id = view.namespace.namespace_id
    try:
        told = _forecast(actor, view, wanted)
        seconds = (told.fast_s, told.slow_s) if told.clones else (None, None)
        return start.launch(actor, source_id, wanted, forecast_s=_both(seconds)).job
    except (Conflict, QuotaExceeded, RateLimited):
        begun = start.find_double_submit(actor, source_id, wanted)
        if begun is None:
            raise
        return begun


def _both(seconds: tuple[float | None, float | None]) -> tuple[float, float] | None:
    fast, slow = seconds
    return None if fast is None or slow is None else (fast, slow)


def _forecast(actor: Actor, view: NamespaceView, wanted: CloneRequest) -> Forecast:
    """Return the forecast of a clone; an empty one where it cannot be made."""
    if not wanted.include.collections:
        return Forecast()
    try:
        planned = start.planned_document(actor, view.namespace, wanted, job_id=uuid4())
        return forecast(view.namespace, document.read(planned))
    except NsadminError:
        return Forecast()


def _forecast_view(told: Forecast) -> ForecastView:
    way, time = told.choice, forecast_text([told.fast_s, told.slow_s])
    is_short = time.startswith("under")
    return ForecastView(
        told=told,
        time=time if told.clones else "",
        estimate=""
        if told.clones or not time
        else time
        if is_short
        else f"about {time}",
        way=way_words(way.way) if way else "",
        size=size_text(way.bytes) if way else "",
        sent=size_text(way.sent) if way else "",
    )


def _show_form(
    request: HttpRequest,
    view: NamespaceView,
    form: CloneForm,
    *,
    error: NsadminError | None = None,
    error_status: int = 200,
) -> HttpResponse:
    """Show the form beside the forecast and what would be refused now."""
    if error is not None:
        form.take(error)
    actor = gate.actor_of(request)
    example = CloneForm.usual(actor, view)
    snapshot = queries.snapshot(view)
    told = _forecast(actor, view, example)
    conditions = readiness(actor, view, snapshot, told)
    context = {
        **namespace_scope(view),
        "form": form,
        "name_check": reverse("clone_name_check", args=[view.namespace.namespace_id]),
        "places": places(actor, view.namespace),
        "counts": view.counts,
        "snapshot": snapshot,
        "forecast": _forecast_view(told),
        "conditions": conditions,
        "is_blocked": any(one.state == "blocks" for one in conditions),
        "as_of": timezone.now(),
        "never": NEVER[0].lower() + NEVER[1:],
        "is_foreign": view.organization_id != actor.organization_id,
        "may_leave_out": view.namespace.internal_id != actor.internal_id
        and actor.may(Action.NAMESPACE_CLONE_ACROSS),
        "curl": api_examples.of_clone(request, view.namespace.namespace_id, example),
    }
    status = error.status if error is not None else error_status
    answer = change_page(request, "namespaces/clone.html", context, status=status)
    return answer if error is None else say_when(answer, error)


def _review(
    request: HttpRequest,
    view: NamespaceView,
    form: CloneForm,
    shown: ClonePreview,
    *,
    fault: str = "",
) -> HttpResponse:
    """Show what the clone takes and loses; nothing is written yet."""
    counts: list[tuple[str, Any]] = [
        (kind.capitalize(), shown.counts.get(kind)) for kind in _KINDS
    ]
    context = {
        **namespace_scope(view),
        "shown": shown,
        "counts": counts,
        "kept": form.kept,
        "fault": fault,
        "forecast": _forecast_view(shown.forecast),
        "curl": api_examples.of_clone(
            request, view.namespace.namespace_id, shown.request
        ),
        "made_at": timezone.now(),
        "tab": "",
    }
    status = 422 if fault else 200
    return change_page(request, "namespaces/clone_plan.html", context, status=status)
