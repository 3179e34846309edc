"""The payload indexes of a namespace: the table; adding, changing, dropping one."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.errors import NotFound
from nsadmin.namespaces.plan.desired import declared_indexes
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.read.rows import index_rows
from nsadmin.namespaces.schema.limits import MAX_INDEXES
from nsadmin.pages.common import api_examples
from nsadmin.pages.common.page_context import editable, may
from nsadmin.pages.namespace.forms.indexes import DropForm, IndexForm, declared_list
from nsadmin.pages.plans.flow import PlanForm, handle_plan_form, show_form
from nsadmin.pages.plans.form_pages import FormPage, form_page, kept_form
from nsadmin.plans.forms import SentForm

TEMPLATE = "namespaces/indexes.html"
_GROUPS = (
    ("Yours", "Yours", ""),
    ("Auto", "Auto-created", "from filter usage"),
    ("Extractor", "Required by extractors", "kept as long as the extractor is there"),
)


@gate.page(Action.NAMESPACE_READ, writes=True)
@require_http_methods(["GET", "HEAD", "POST"])
def indexes(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Show every index with a form; a submitted form is planned first."""
    actor = gate.actor_of(request)
    if request.method != "POST":
        view = queries.get(actor, namespace_id)
        return show_form(request, _plan_form(request, view, _form(request, view)))
    view = editable(actor, namespace_id, Action.NAMESPACE_UPDATE)
    form = _sent_form(SentForm(request.POST), replaces=False)
    return handle_plan_form(request, _plan_form(request, view, form))


def _sent_form(sent: SentForm, *, replaces: bool) -> IndexForm | DropForm:
    """Return the form that was sent; a new index `replaces` one that is there."""
    if "drop" in sent.data:
        return DropForm(sent.data)
    return IndexForm(sent.data, replaces=replaces)


PAGE = form_page(
    FormPage(
        "indexes",
        lambda sent: _sent_form(sent, replaces=True),
        lambda _actor, view, form: form.patch(view.namespace),
    )
)


def _form(request: HttpRequest, view: NamespaceView) -> IndexForm:
    """Return the empty form, that of the index in `?change=`, or that of a plan."""
    kept = kept_form(request, view, PAGE)
    if isinstance(kept, IndexForm):
        return kept
    field = request.GET.get("change")
    if field is None:
        return IndexForm(initial={"field_name": request.GET.get("field", "")})
    for index in view.namespace.indexes:
        if index.field_name == field:
            return IndexForm.filled(index)
    raise NotFound("This namespace has no such index, or it cannot be changed.")


def _plan_form(
    request: HttpRequest, view: NamespaceView, form: IndexForm | DropForm
) -> PlanForm:
    shown = form if isinstance(form, IndexForm) else IndexForm()
    context = _table(request, view) | {"index_form": shown}
    return PlanForm(view, form, PAGE, TEMPLATE, context)


def _table(request: HttpRequest, view: NamespaceView) -> dict[str, Any]:
    snapshot = queries.snapshot(view)
    rows = index_rows(view.namespace, snapshot)
    count = len(declared_indexes(view.namespace))
    return {
        "groups": [
            (title, hint, found)
            for origin, title, hint in _GROUPS
            if (found := [row for row in rows if row.origin == origin])
        ],
        "system": [row for row in rows if row.origin == "System"],
        "snapshot": snapshot,
        "count": count,
        "limit": MAX_INDEXES,
        "free": MAX_INDEXES - count,
        "curl": api_examples.of_body(
            request,
            view.namespace.namespace_id,
            {"payload_indexes": declared_list(view.namespace)},
        ),
        "may_change": may(gate.actor_of(request), Action.NAMESPACE_UPDATE, view),
    }
