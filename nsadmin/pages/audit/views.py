"""Pages of the audit log of a namespace and of an organization, newest first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from nsadmin.access.models import Organization
from nsadmin.access.organization.listing import names_by_id
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.audit import search
from nsadmin.audit.models import AuditEvent
from nsadmin.audit.search import AuditRows
from nsadmin.namespaces.lifecycle.clone_target import CANCELLED_REASON
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.read.reversal import needed_action
from nsadmin.pages.audit import export
from nsadmin.pages.audit.addresses import address_of
from nsadmin.pages.audit.changes import ChangeView, changes_of
from nsadmin.pages.audit.forms import ACTION_WORDS, AuditFilterForm
from nsadmin.pages.audit.proof import proof_of
from nsadmin.pages.common.badges import Badge, outcome_badge
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.page_context import current_organization, may, namespace_scope
from nsadmin.pages.common.paging import PER_PAGE
from nsadmin.plans.finding import of_operations
from nsadmin.plans.models import SavedPlan

_SHOWN_CHANGES = 3


@dataclass(frozen=True, slots=True)
class EventView:
    """An event as its row shows it; `who` is the person's name or else the label.

    `address` is the sender's, empty where the reader may not see it.
    `reverted` is the event that reverted this one, `reverts` the one it reverted,
    `resumed` the one that resumed its job; `plan` is the kept plan that it carried out.
    """

    event: AuditEvent
    outcome: Badge
    changes: list[ChangeView]
    who: str
    address: str
    can_revert: bool
    reverted: AuditEvent | None
    reverts: AuditEvent | None
    resumed: AuditEvent | None
    plan: SavedPlan | None

    @property
    def action(self) -> str:
        """What was done, in words."""
        return ACTION_WORDS.get(self.event.action, self.event.action)

    @property
    def fault(self) -> str:
        """Why it failed; empty where its outcome says that."""
        return "" if self.event.error == CANCELLED_REASON else self.event.error

    @property
    def first(self) -> list[ChangeView]:
        """The steps that are visible without unfolding."""
        return self.changes[:_SHOWN_CHANGES]

    @property
    def rest(self) -> list[ChangeView]:
        """The steps that are folded away."""
        return self.changes[_SHOWN_CHANGES:]


@gate.page(Action.AUDIT_READ)
@require_safe
def audit(request: HttpRequest, namespace_id: str) -> HttpResponseBase:
    """Show the events of a namespace with actor, changes and outcome."""
    actor = gate.actor_of(request)
    view = queries.get(actor, namespace_id)
    rows = queries.audit_rows(actor, view)
    context = namespace_scope(view)
    return _answer(request, rows, "namespaces/audit.html", context, view)


@gate.page(Action.ORGANIZATION_AUDIT)
@require_safe
def organization_audit(request: HttpRequest) -> HttpResponseBase:
    """Show the events of an organization, including those of deleted namespaces."""
    shown = current_organization(request)
    rows = search.of_organization(shown.organization_id)
    context: dict[str, Any] = {"organization": shown}
    if "verify" in request.GET:
        context["proof"] = proof_of(shown.organization_id)
    return _answer(request, rows, "organization/audit.html", context, shown)


def _answer(
    request: HttpRequest,
    rows: AuditRows,
    template: str,
    context: dict[str, Any],
    owner: NamespaceView | Organization,
) -> HttpResponseBase:
    """Return the page of the filtered events, or all of them as CSV.

    The `owner` gives the file its name; those of a namespace can be reverted there.
    """
    names = names_by_id(search.user_ids(rows))
    form = AuditFilterForm(request.GET, rows, names)
    by_address = isinstance(owner, Organization)
    matching = search.matching(rows, form.query, by_address=by_address)
    if form.is_valid() and request.GET.get("format") == "csv":
        _note(request, search.organization_ids(matching))
        named = owner.namespace if isinstance(owner, NamespaceView) else owner
        return export.export_response(matching, named.name, gate.actor_of(request))
    given = request.GET.get("before", "")
    before = int(given[:18]) if given.isascii() and given.isdigit() else None
    listed = list(search.older_than(matching, before)[: PER_PAGE + 1])
    shown = listed[:PER_PAGE] if form.is_valid() else []
    _note(request, (event.organization_id for event in shown))
    values = {
        **context,
        "form": form,
        "events": _shown(request, shown, names, _revertible(request, shown, owner)),
        "older": shown[-1].pk if len(listed) > PER_PAGE and shown else None,
        "is_first": before is None,
        "is_filtered": any(form.cleaned_data.values()),
        "is_bare": not listed and not rows.exists(),
        "max_rows": export.MAX_ROWS,
    }
    return page(request, template, values, status=200 if form.is_valid() else 422)


def _note(request: HttpRequest, organization_ids: Iterable[str]) -> None:
    """Note whose events are shown, for the audit of those seen by a session."""
    actor = gate.actor_of(request)
    if actor.grants:
        for organization_id in set(organization_ids):
            actor.sees_organization(organization_id)


def _shown(
    request: HttpRequest,
    events: Sequence[AuditEvent],
    names: dict[str, str],
    revertible: set[str],
) -> list[EventView]:
    actor = gate.actor_of(request)
    reverted_by = search.reverted_by(events)
    originals = search.originals_of(events)
    resumed_by = search.resumed_by(events)
    plans = of_operations([event.op_id for event in events])
    return [
        EventView(
            event=event,
            outcome=outcome_badge(
                event.outcome, event.error, is_resumed=event.op_id in resumed_by
            ),
            changes=changes_of(event),
            who=_who(event, names),
            address=address_of(actor, event),
            can_revert=event.op_id in revertible and event.op_id not in reverted_by,
            reverted=reverted_by.get(event.op_id),
            reverts=originals.get(event.reverts),
            resumed=resumed_by.get(event.op_id),
            plan=plans.get(event.op_id),
        )
        for event in events
    ]


def _revertible(
    request: HttpRequest,
    events: Sequence[AuditEvent],
    owner: NamespaceView | Organization,
) -> set[str]:
    """Return the operations that the actor can revert; none of an organization."""
    if not isinstance(owner, NamespaceView):
        return set()
    actor = gate.actor_of(request)
    needed = {event.op_id: needed_action(event, owner.namespace) for event in events}
    return {
        op_id
        for op_id, action in needed.items()
        if action is not None and may(actor, action, owner)
    }


def _who(event: AuditEvent, names: dict[str, str]) -> str:
    name = names.get(event.actor_id) if event.actor_kind == "user" else None
    return name or event.actor_label
