"""The page of a mass expiry: many expired namespaces that wait for a decision."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.access.web.sign_in import post_only
from nsadmin.errors import Conflict, Unavailable
from nsadmin.jobs.schedules import beat
from nsadmin.namespaces.lifecycle import mass_expiry
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.page_context import current_organization
from nsadmin.pages.templatetags.formatting import many

TEMPLATE = "namespaces/due.html"
_LONGER = timedelta(days=7)


@gate.page(Action.NAMESPACE_READ)
@require_safe
def due(request: HttpRequest) -> HttpResponse:
    """List the organization's held namespaces."""
    return _show(request)


@gate.page(Action.NAMESPACE_DELETE, step_up=True)
@post_only
def due_release(request: HttpRequest) -> HttpResponse:
    """Release the listed namespaces for deletion by the next run."""
    organization = current_organization(request)
    digest = request.POST.get("digest", "")
    try:
        count = mass_expiry.release(gate.actor_of(request), organization, digest)
    except Conflict as moved:
        return _show(request, error=moved.message, status=moved.status)
    words = many(count, "namespace")
    messages.success(
        request, f"{words} will be deleted by the next run; you can restore them."
    )
    return redirect("due")


@gate.page(Action.NAMESPACE_DELETE)
@post_only
def due_extend(request: HttpRequest) -> HttpResponse:
    """Extend the expiry of all listed namespaces by a week."""
    organization = current_organization(request)
    digest = request.POST.get("digest", "")
    end = timezone.now() + _LONGER
    try:
        extended, left = mass_expiry.extend_all(
            gate.actor_of(request), organization, digest, end
        )
    except (Conflict, Unavailable) as error:
        return _show(request, error=error.message, status=error.status)
    messages.success(request, f"{many(extended, 'namespace')} extended by 7 days.")
    for name, sentence in left[:5]:
        messages.warning(request, f"{name} was not extended: {sentence}")
    return redirect("due")


def _show(request: HttpRequest, *, error: str = "", status: int = 200) -> HttpResponse:
    organization = current_organization(request)
    context: dict[str, Any] = {
        "organization": organization,
        "due": mass_expiry.held_expiry(organization),
        "may_decide": gate.actor_of(request).may(Action.NAMESPACE_DELETE),
        "next_run": beat.next_run("cleanup_expired", timezone.now()),
        "error": error,
        "tab": "namespaces",
    }
    return page(request, TEMPLATE, context, status=status)
