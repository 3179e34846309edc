"""The payload indexes of a namespace: several edits of them become one plan."""

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.views.decorators.http import require_http_methods

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.errors import Invalid, NotFound, NsadminError
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.pages.common.done import SeeOther
from nsadmin.pages.common.htmx import FORM_ADDRESS, wants_fragment
from nsadmin.pages.common.page_context import editable
from nsadmin.pages.namespace.forms.index_edits import IndexEdit
from nsadmin.pages.namespace.forms.index_fields import editor_values
from nsadmin.pages.namespace.forms.indexes import IndexesForm
from nsadmin.pages.namespace.indexes import collected, table
from nsadmin.pages.plans.flow import PlanForm, handle_plan_form, show_form
from nsadmin.pages.plans.form_pages import FormPage, form_page, kept_form
from nsadmin.plans import service

TEMPLATE = "namespaces/indexes.html"
# What a button of the form does besides making the plan; some name a field or an edit.
_ADD, _TICK, _DISCARD = "add", "tick", "discard"
_CHANGE, _EDIT, _REMOVE, _BUILD = "change", "edit", "remove", "build"
_PICK, _DROP = "pick", "drop"
_STEPS = {_ADD, _TICK, _DISCARD, _CHANGE, _EDIT, _REMOVE, _BUILD, _PICK, _DROP}
_NOTHING = (
    "There is nothing to plan yet. Enter a field under “Add an index”, choose Change "
    "beside an index, or tick one to drop; then preview the plan."
)
PAGE = form_page(
    FormPage(
        "indexes",
        lambda sent: IndexesForm(sent.data, replaces=True),
        lambda _actor, view, form: form.patch(view.namespace),
    )
)

_UNCHANGED = "Nothing was changed: the index is stored like this."
_STORED = (
    "There is nothing to plan: every change is stored already. Edit one, or choose "
    "another index."
)


@gate.page(Action.NAMESPACE_READ, writes=True)
@require_http_methods(["GET", "HEAD", "POST"])
def indexes(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Show every index with a form; its edits are collected, then planned.

    Without a script each step ends in a redirect to the page with what was sent, so
    that the browser's Back and reload send nothing again.
    """
    actor = gate.actor_of(request)
    if request.method != "POST":
        view = queries.get(actor, namespace_id)
        sent = collected.sent_of(request, view)
        if sent is None:
            return _show(request, view, _opened(request, view))
        response = _answer(request, view, sent, keeps=False)
        response.status_code = 200
        return response
    view = editable(actor, namespace_id, Action.NAMESPACE_UPDATE)
    is_scripted = wants_fragment(request)
    if not is_scripted and _step_of(request.POST)[0] in _STEPS:
        return SeeOther(collected.address_of(request, view))
    response = _answer(request, view, request.POST, keeps=True)
    if response.status_code == SeeOther.status_code:
        return response
    if not is_scripted:
        return SeeOther(collected.address_of(request, view))
    if response.status_code == 200:
        response.headers[FORM_ADDRESS] = collected.address_of(request, view)
    return response


def _step_of(sent: QueryDict) -> tuple[str, str]:
    """Return the step that a button of the form asks for, and of what."""
    step, _, of = sent.get("step", "").partition(" ")
    return step, of


def _answer(
    request: HttpRequest, view: NamespaceView, sent: QueryDict, *, keeps: bool
) -> HttpResponse:
    """Do what the form was sent for; with `keeps` the plan is kept and shown."""
    form = IndexesForm(sent)
    step, of = _step_of(sent)
    if step in _STEPS:
        return _collect(request, view, form, step, of)
    if form.is_valid() and not (form.edits or form.dropped or form.switch is not None):
        form.add_error("edit", _NOTHING)
    elif form.is_valid() and not (
        form.changing(view.namespace) or form.dropped or form.switch is not None
    ):
        form.add_error("field_name", _UNCHANGED)
    elif form.is_valid() and not form.touched():
        form.add_error("edit", _STORED)
    if not form.is_valid():
        return _show(request, view, form, status=422)
    if keeps:
        return handle_plan_form(request, _plan_form(request, view, form))
    actor = gate.actor_of(request)
    try:
        wanted = PAGE.wanted(actor, view, form)
        service.plan_now(actor, view.namespace.namespace_id, wanted)
    except NsadminError as error:
        form.take(error)
    return _show(request, view, form)


def _opened(request: HttpRequest, view: NamespaceView) -> IndexesForm:
    """Return the empty form, that of the index in `?change=`, or that of a plan."""
    kept = kept_form(request, view, PAGE)
    if kept is not None:
        return kept
    field = request.GET.get("change")
    if field is not None:
        return IndexesForm(initial=_stored_values(view, field))
    return IndexesForm(initial={"field_name": request.GET.get("field", "")})


def _stored_values(view: NamespaceView, field: str) -> dict[str, Any]:
    for index in view.namespace.indexes:
        if index.field_name == field:
            return editor_values(field, index.schema, original=field)
    raise NotFound("This namespace has no such index, or it cannot be changed.")


def _collect(
    request: HttpRequest, view: NamespaceView, form: IndexesForm, step: str, of: str
) -> HttpResponse:
    """Do one step with the edits that the form carries, and show it again.

    The editor's edit is carried too, so that no input is lost by a step.
    """
    if step == _TICK:
        return _show(request, view, form)
    is_valid = form.is_valid()
    if step == _REMOVE:
        left = [edit for n, edit in enumerate(form.carried) if str(n) != of]
        return _show(request, view, form.carrying(left, same_editor=True), after=step)
    if step == _DISCARD:
        return _show(request, view, form.carrying(form.carried), after=step)
    if step == _ADD and not form.indexed_field:
        form.add_error("field_name", "Enter the field to index.")
        is_valid = False
    elif step == _ADD and is_valid and form.edits != form.changing(view.namespace):
        form.add_error("field_name", _UNCHANGED)
        is_valid = False
    try:
        if is_valid:
            form.require_possible(view.namespace)
            after = _after(view, form, step, of)
            return _show(request, view, after, after=step)
    except Invalid as invalid:
        form.take(invalid)
    return _show(request, view, form, status=422)


def _after(view: NamespaceView, form: IndexesForm, step: str, of: str) -> IndexesForm:
    """Return the form after a step."""
    edits = form.changing(view.namespace)
    if step == _BUILD:
        kind, _, field = of.partition(" ")
        more = IndexEdit(field, {"type": kind}, is_change=False)
        after = form.carrying([*edits, more])
        if after.is_valid():
            after.require_possible(view.namespace)
        return after
    if step == _PICK:
        return form.carrying(edits, {"field_name": of})
    if step == _DROP:
        return form.carrying(edits).dropping(of)
    if step == _EDIT:
        chosen = next((e for n, e in enumerate(edits) if str(n) == of), None)
    elif step == _CHANGE:
        chosen = next((e for e in edits if e.field == of), None)
        if chosen is None:
            return form.carrying(edits, _stored_values(view, of))
    else:
        return form.carrying(edits)
    if chosen is None:
        return form.carrying(edits)
    original = chosen.field if chosen.is_change else ""
    values = editor_values(chosen.field, chosen.schema, original=original)
    return form.carrying([e for e in edits if e is not chosen], values)


def _show(
    request: HttpRequest,
    view: NamespaceView,
    form: IndexesForm,
    *,
    status: int = 200,
    after: str = "",
) -> HttpResponse:
    """Show the page; `after` a step the focus is where the step leads."""
    plan_form = _plan_form(request, view, form)
    plan_form.context["after"] = after
    response = show_form(request, plan_form, status=status)
    if after:
        # Without the form's own scrolling to the top.
        response.headers["HX-Reswap"] = "outerHTML"
    return response


def _plan_form(
    request: HttpRequest, view: NamespaceView, form: IndexesForm
) -> PlanForm:
    return PlanForm(view, form, PAGE, TEMPLATE, table.context(request, view, form))
