"""What the page of a job does on a POST: cancelling, resuming, discarding."""

from collections.abc import Callable, Mapping

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from nsadmin.access.web import gate
from nsadmin.clones import resume
from nsadmin.errors import Conflict, Invalid, RateLimited
from nsadmin.jobs import queries
from nsadmin.jobs.models import Job
from nsadmin.namespaces.lifecycle import deletion
from nsadmin.namespaces.lifecycle.deletion_stages import KIND as DELETION
from nsadmin.pages.common.page_context import say_when

Show = Callable[[HttpRequest, Job, int], HttpResponse]


def act(request: HttpRequest, row: Job, show: Show) -> HttpResponse:
    """Do what the form asks for; `show` returns the page where that is refused.

    A job that has changed since the form was shown refuses it on its own page. Raises
    Invalid for an act that does not exist.
    """
    wanted = _ACTS.get(request.POST.get("act", ""))
    if wanted is None:
        raise Invalid.at(
            "act", "A job can be cancelled, resumed or discarded. Nothing was done."
        )
    try:
        return wanted(request, row)
    except (Conflict, RateLimited) as error:
        now = queries.get(gate.actor_of(request), row.job_id)
        messages.error(request, error.message)
        return say_when(show(request, now, error.status), error)


def _cancel(request: HttpRequest, row: Job) -> HttpResponse:
    row = queries.cancel(gate.actor_of(request), row.job_id)
    stops = "Cancellation requested. It stops after the current batch."
    messages.info(request, stops if row.is_live else "The job has ended.")
    return redirect("job", row.job_id)


def _resume(request: HttpRequest, row: Job) -> HttpResponse:
    actor = gate.actor_of(request)
    if row.is_live:
        messages.info(request, "The job is under way already.")
        return redirect("job", row.job_id)
    if row.kind == DELETION:
        deletion.resume_failed(actor, row)
    else:
        resume.resume(actor, row.job_id)
    messages.info(request, "Resumed from its last checkpoint.")
    return redirect("job", row.job_id)


def _discard(request: HttpRequest, row: Job) -> HttpResponse:
    """Delete the clone's namespace if its name was typed."""
    if request.POST.get("typed_name", "").strip() != row.namespace_name:
        messages.error(
            request, f"Nothing was deleted: type {row.namespace_name} to discard it."
        )
        return redirect("job", row.job_id)
    resume.discard(gate.actor_of(request), row.job_id)
    messages.success(request, f"{row.namespace_name} was discarded. Its name is free.")
    return redirect("namespaces")


_ACTS: Mapping[str, Callable[[HttpRequest, Job], HttpResponse]] = {
    "cancel": _cancel,
    "resume": _resume,
    "discard": _discard,
}
