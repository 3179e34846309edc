"""The settings page: name, description, automatic indexes, and the expiry's form."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.pages.common import api_examples
from nsadmin.pages.common.page_context import editable, why_not
from nsadmin.pages.namespace.forms.expiry import EndForm
from nsadmin.pages.namespace.forms.settings import SettingsForm
from nsadmin.pages.plans.flow import PlanForm, handle_plan_form, show_form
from nsadmin.pages.plans.form_pages import FormPage, form_page, kept_form
from nsadmin.plans.endings import ExpiryChange
from nsadmin.plans.requests import end_of

_WEEK_S = 7 * 24 * 60 * 60
PAGE = form_page(
    FormPage(
        "settings",
        lambda sent: SettingsForm(sent.data),
        lambda _actor, view, form: form.patch(view),
    )
)
EXPIRY = form_page(
    FormPage(
        "expiry",
        lambda sent: EndForm(sent.data, planned=end_of(sent.request)),
        lambda _actor, _view, form: ExpiryChange(form.end()),
        after="settings",
        edited_at="settings",
    )
)


@gate.page(Action.NAMESPACE_UPDATE)
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Show the form; a submitted form becomes a plan."""
    actor = gate.actor_of(request)
    view = editable(actor, namespace_id, Action.NAMESPACE_UPDATE)
    kept_end = kept_form(request, view, EXPIRY)
    ending = kept_end or EndForm.usual(view.namespace)
    if request.method != "POST":
        return show_form(request, filled_plan_form(request, view, ending=ending))
    return handle_plan_form(
        request, _plan_form(request, view, SettingsForm(request.POST), ending)
    )


def filled_plan_form(
    request: HttpRequest, view: NamespaceView, *, ending: EndForm
) -> PlanForm:
    """Return the form with the current settings, beside the form of the expiry."""
    form = kept_form(request, view, PAGE) or SettingsForm.filled(view.namespace)
    return _plan_form(request, view, form, ending)


def _plan_form(
    request: HttpRequest, view: NamespaceView, form: SettingsForm, ending: EndForm
) -> PlanForm:
    namespace = view.namespace
    actor = gate.actor_of(request)
    context = {
        "curl": api_examples.of_body(
            request, namespace.namespace_id, form.stored(namespace)
        ),
        "why_not_delete": why_not(actor, Action.NAMESPACE_DELETE, view),
        "name_check": reverse("name_check", args=[namespace.namespace_id]),
        "ending": ending,
        "extension": api_examples.of_extension(
            request, namespace.namespace_id, _WEEK_S
        ),
        "tab": "settings",
    }
    return PlanForm(view, form, PAGE, "namespaces/settings.html", context)
