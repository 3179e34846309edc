"""The settings page: name, description, automatic indexes."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from nsadmin.access import gate
from nsadmin.access.permissions import Action
from nsadmin.pages import curl
from nsadmin.pages.forms.settings import SettingsForm
from nsadmin.pages.plans import Sheet, decide, show_form
from nsadmin.pages.scope import editable, why_not


@gate.page(Action.NAMESPACE_UPDATE)
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Show the form; its first submit shows the plan, the second commits."""
    actor = gate.actor_of(request)
    view = editable(actor, namespace_id, Action.NAMESPACE_UPDATE)
    is_post = request.method == "POST"
    form = (
        SettingsForm(request.POST) if is_post else SettingsForm.filled(view.namespace)
    )
    example = curl.of_body(
        request, view.namespace.namespace_id, form.stored(view.namespace)
    )
    context = {
        "curl": example,
        "why_not_delete": why_not(actor, Action.NAMESPACE_DELETE, view),
        "name_check": reverse("name_check", args=[view.namespace.namespace_id]),
    }
    sheet = Sheet(view, form, form.patch, "namespaces/settings.html", context)
    return decide(request, sheet) if is_post else show_form(request, sheet)
