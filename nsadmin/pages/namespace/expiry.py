"""Changing the expiry of a namespace; its form is on the settings page."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.errors import Conflict, Forbidden, Invalid, Unavailable
from nsadmin.namespaces.lifecycle.expiry import extend
from nsadmin.pages.common.page_context import editable
from nsadmin.pages.common.plan_flow import show_form
from nsadmin.pages.namespace.forms.expiry import EndForm
from nsadmin.pages.namespace.settings import filled_plan_form


@gate.page(Action.NAMESPACE_UPDATE)
@require_http_methods(["GET", "HEAD", "POST"])
def expiry(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Change or remove the expiry; the settings page shows errors."""
    view = editable(gate.actor_of(request), namespace_id, Action.NAMESPACE_UPDATE)
    key = view.namespace.namespace_id
    if request.method != "POST":
        return redirect(f"{reverse('settings', args=[key])}#expiry")
    form = EndForm(request.POST)
    try:
        if form.is_valid():
            moved = extend(gate.actor_of(request), key, form.end()).namespace
            ends = moved.expires_at
            text = (
                f"expires on {ends:%-d %b %Y at %H:%M} UTC" if ends else "never expires"
            )
            messages.success(request, f"{moved.name} {text}.")
            return redirect("overview", key)
        status = 422
    except (Invalid, Conflict, Forbidden, Unavailable) as error:
        form.take(error)
        status = error.status
    return show_form(
        request, filled_plan_form(request, view, ending=form), status=status
    )
