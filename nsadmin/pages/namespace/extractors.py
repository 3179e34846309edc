"""The feature extractors of a namespace: the table, and appending one."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.health.drift import vector_coverage
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.read.reprocessing import to_reprocess
from nsadmin.namespaces.read.rows import vector_rows
from nsadmin.pages.common import api_examples
from nsadmin.pages.common.forms.extractor_options import offers
from nsadmin.pages.common.page_context import editable, may
from nsadmin.pages.namespace.forms.extractors import ExtractorForm
from nsadmin.pages.plans.flow import PlanForm, handle_plan_form, show_form
from nsadmin.pages.plans.form_pages import FormPage, form_page, kept_form
from nsadmin.pages.reprocessing.shown import again_of

TEMPLATE = "namespaces/extractors.html"
PAGE = form_page(
    FormPage(
        "extractors",
        lambda sent: ExtractorForm(sent.data),
        lambda _actor, view, form: form.patch(view),
    )
)


@gate.page(Action.NAMESPACE_READ, writes=True)
@require_http_methods(["GET", "HEAD", "POST"])
def extractors(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Show the extractors; appending one is planned first."""
    actor = gate.actor_of(request)
    if request.method != "POST":
        view = queries.get(actor, namespace_id)
        form = kept_form(request, view, PAGE) or ExtractorForm(
            initial={"extractor": request.GET.get("append", "")}
        )
        return show_form(request, _plan_form(request, view, form))
    view = editable(actor, namespace_id, Action.NAMESPACE_UPDATE)
    return handle_plan_form(
        request, _plan_form(request, view, ExtractorForm(request.POST))
    )


def _plan_form(
    request: HttpRequest, view: NamespaceView, form: ExtractorForm
) -> PlanForm:
    return PlanForm(view, form, PAGE, TEMPLATE, _context(request, view, form))


def _context(
    request: HttpRequest, view: NamespaceView, form: ExtractorForm
) -> dict[str, Any]:
    snapshot = queries.snapshot(view)
    if not view.from_mirror:
        snapshot = vector_coverage.first_counts(view.namespace, snapshot)
    vectors = vector_rows(view.namespace, snapshot)
    chosen = str(form["extractor"].value() or "")
    return {
        "snapshot": snapshot,
        "registered": [
            (entry, [v for v in vectors if v.extractor_id == entry.id])
            for entry in view.namespace.extractors
        ],
        "offers": [
            (offer, offer.extractor.id == chosen, [form[p] for p in offer.parameters])
            for offer in offers(view.namespace)
        ],
        "is_stale": snapshot is None or not snapshot.ok,
        "points": snapshot.live.points if snapshot and snapshot.live else None,
        # Called only if the form is drawn; the plan has its own.
        "collections": lambda: to_reprocess(view),
        **again_of(view, vectors),
        "missing": [v for v in vectors if v.state == "missing"],
        "curl": api_examples.of_body(request, view.namespace.namespace_id, form.body()),
        "may_change": may(gate.actor_of(request), Action.NAMESPACE_UPDATE, view),
    }
