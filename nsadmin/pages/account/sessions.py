"""The sessions of one's own account."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from nsadmin.access.permissions import Action
from nsadmin.access.signin import sessions as signed_in_sessions
from nsadmin.access.web import gate
from nsadmin.access.web.sign_in import post_only
from nsadmin.pages.common.done import SeeOther
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.page_context import signed_in


@gate.page(Action.ACCOUNT_USE)
@require_safe
def sessions(request: HttpRequest) -> HttpResponse:
    """List the browsers that are signed in."""
    found = signed_in_sessions.sessions_of(request, signed_in(request))
    context = {
        "tab": "",
        "section": "sessions",
        "sessions": found,
        "idle_s": settings.NSADMIN_SESSION_IDLE_S,
        "longest_s": settings.NSADMIN_SESSION_MAX_S,
        "has_others": any(not each.is_current for each in found),
    }
    return page(request, "account/sessions.html", context)


@gate.page(Action.ACCOUNT_USE)
@post_only
def end_signed_in_session(request: HttpRequest, session_pk: int) -> HttpResponse:
    """End one of them."""
    signed_in_sessions.end_one(signed_in(request), session_pk)
    messages.success(request, "The session is ended.")
    return SeeOther(reverse("sessions"))


@gate.page(Action.ACCOUNT_USE)
@post_only
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """End all but this one."""
    signed_in_sessions.end_others(request, signed_in(request))
    messages.success(request, "All other sessions are ended.")
    return SeeOther(reverse("sessions"))
