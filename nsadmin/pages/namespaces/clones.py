"""Cloning a namespace: the form, the preview, and the start of the job."""

from typing import Any

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
from nsadmin.clones.preview import ClonePreview, preview
from nsadmin.clones.request import NEVER, CloneRequest
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
from nsadmin.pages.common import api_examples
from nsadmin.pages.common.done import SeeOther
from nsadmin.pages.common.page_context import (
    change_page,
    editable,
    namespace_scope,
    say_when,
)
from nsadmin.pages.common.transfer_words import size_text, way_words
from nsadmin.pages.namespace.sealed_input import keep_secret, kept_secret
from nsadmin.pages.namespaces.forms.clones import CloneForm, places
from nsadmin.plans import service
from nsadmin.plans.copying import CloneChange

_CAUGHT = (Invalid, Conflict, QuotaExceeded, RateLimited, UpstreamError, Unavailable)
_DEDICATED = ("dedicated_cpu", "dedicated_gpu")
_KINDS = ("points", "objects", "buckets", "collections", "retrievers", "taxonomies")


@keep_secret
@gate.page(Action.NAMESPACE_CLONE)
@require_http_methods(["GET", "HEAD", "POST"])
def clone(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Show the form; the first submit shows the preview, the second starts the job."""
    actor = gate.actor_of(request)
    view = editable(actor, namespace_id, Action.NAMESPACE_CLONE)
    if request.method != "POST":
        chosen = resolved(actor, view.namespace, None)
        form = CloneForm(initial={"compute_tier": chosen})
        return _show_form(request, view, form)
    if request.POST.get("compute_tier") in _DEDICATED:
        step_up.require_password(request)
    form = CloneForm(request.POST, key=kept_secret(request, namespace_id))
    step = request.POST.get("step", "preview")
    if step == "edit":
        return _show_form(request, view, form)
    if not form.is_valid():
        return _show_form(request, view, form, error_status=422)
    try:
        wanted = form.wanted(actor, view)
        if step == "confirm":
            if wanted.source_organization_id:
                step_up.require_password(request)
            if _needs_second(actor, view, wanted):
                return _planned(actor, view, wanted)
            return redirect("job", _start(actor, view, wanted).job_id)
        shown = preview(actor, view.namespace.namespace_id, wanted)
    except _CAUGHT as error:
        return _show_form(request, view, form, error=error)
    return _review(request, view, form, shown)


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
        return start.launch(actor, source_id, wanted).job
    except (Conflict, QuotaExceeded, RateLimited):
        begun = start.find_double_submit(actor, source_id, wanted)
        if begun is None:
            raise
        return begun


def _show_form(
    request: HttpRequest,
    view: NamespaceView,
    form: CloneForm,
    *,
    error: NsadminError | None = None,
    error_status: int = 200,
) -> HttpResponse:
    """Show the form beside the current contents of the source."""
    if error is not None:
        form.take(error)
    actor = gate.actor_of(request)
    example = CloneForm.usual(actor, view)
    context = {
        **namespace_scope(view),
        "form": form,
        "name_check": reverse("clone_name_check", args=[view.namespace.namespace_id]),
        "places": places(actor, view.namespace),
        "counts": view.counts,
        "snapshot": queries.snapshot(view),
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
    request: HttpRequest, view: NamespaceView, form: CloneForm, shown: ClonePreview
) -> HttpResponse:
    """Show the preview of the clone; nothing is written yet."""
    counts: list[tuple[str, Any]] = [
        (kind.capitalize(), shown.counts.get(kind)) for kind in _KINDS
    ]
    context = {
        **namespace_scope(view),
        "shown": shown,
        "counts": counts,
        "kept": form.kept,
        "way": way_words(shown.transfer.way) if shown.transfer else "",
        "size": size_text(shown.transfer.bytes) if shown.transfer else "",
        "curl": api_examples.of_clone(
            request, view.namespace.namespace_id, shown.request
        ),
        "made_at": timezone.now(),
        "tab": "",
    }
    return change_page(request, "namespaces/clone_plan.html", context)
