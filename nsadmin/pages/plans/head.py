"""The head of a plan's page: who made it, when, from what, and whether it holds."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import actor_of
from nsadmin.audit import search
from nsadmin.audit.models import AuditEvent
from nsadmin.errors import Forbidden, NsadminError
from nsadmin.namespaces.change.commit import Preview
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.pages.common import change_titles
from nsadmin.pages.common.badges import Badge
from nsadmin.pages.common.done import audit_address
from nsadmin.pages.common.page_context import may
from nsadmin.pages.plans.flow import edit_address
from nsadmin.pages.plans.form_pages import PLAN, page_of
from nsadmin.plans import copying
from nsadmin.plans.models import SavedPlan

_HOLDS = Badge("ok", "circle-check-fill", "Holds")
_MOVED = Badge("warn", "git-compare", "New steps")
_REFUSED = Badge("warn", "alert-triangle-fill", "Cannot be confirmed now")
_WAITS = Badge("idle", "plug-connected-x", "Waits for Qdrant")
_CONFIRMED = Badge("ok", "circle-check-fill", "Confirmed")
_EXPIRED = Badge("idle", "clock", "Expired")
_DONE = Badge("idle", "circle-check", "Nothing left to change")
_NOT_PERMITTED = Badge("idle", "lock", "You may not confirm it")
_SECOND = Badge("idle", "users", "Waits for a second person")


def context(
    request: HttpRequest,
    saved: SavedPlan,
    view: NamespaceView,
    *,
    has_moved: bool = False,
    obstacle: Badge | None = None,
) -> dict[str, Any]:
    """Return the context of the head; `obstacle` is why it cannot be confirmed now."""
    page = page_of(saved)
    actor = actor_of(request)
    can_edit = may(actor, action_of(saved), view)
    own_id = saved.namespace_id
    reverted = reverted_by(actor, saved, view)
    return {
        "saved": saved,
        "plan_title": title_of(saved, reverted, has_moved=has_moved),
        "reverted": reverted,
        "reverted_title": change_titles.title(reverted.changes) if reverted else "",
        "plan_state": state_of(saved, has_moved=has_moved, obstacle=obstacle),
        "plan_link": request.build_absolute_uri(
            reverse("plan", args=[own_id, saved.plan_id])
        ),
        "edit_link": (
            edit_address(saved, page)
            if page is not None and can_edit and not saved.is_confirmed
            else ""
        ),
        "edits": page is not None and page.edits,
        "audit_link": audit_address(own_id, saved.op_id) if saved.is_confirmed else "",
    }


def action_of(saved: SavedPlan) -> Action:
    """Return the permission without which a plan is only read."""
    is_clone = saved.kind == copying.KIND
    return Action.NAMESPACE_CLONE if is_clone else Action.NAMESPACE_UPDATE


def state_of(
    saved: SavedPlan, *, has_moved: bool = False, obstacle: Badge | None = None
) -> Badge:
    """Return the state of a plan as a badge; an open one holds without an obstacle."""
    if saved.is_confirmed:
        return _CONFIRMED
    if saved.is_expired:
        return _EXPIRED
    if has_moved:
        return _MOVED
    return obstacle or _HOLDS


def obstacle_of(
    shown: Preview, *, waits: bool = False, error: NsadminError | None = None
) -> Badge | None:
    """Return why the reader cannot confirm a plan that was made again; None if so.

    It `waits` for a second person; `error` is why its confirmation was refused.
    """
    blocking = [check.title for check in shown.checks if check.state == "blocks"]
    if blocking:
        return Badge("bad", "circle-x-fill", f"Blocked: {blocking[0]}")
    if error is not None:
        return _REFUSED
    if shown.qdrant_silent:
        return _WAITS
    return _SECOND if waits else None


def obstacle_of_kept(error: NsadminError | None, *, is_done: bool = False) -> Badge:
    """Return why a plan that is only read cannot be confirmed now.

    `error` is why it cannot be made again; `is_done` says that nothing is left.
    """
    if isinstance(error, Forbidden):
        return _NOT_PERMITTED
    return _DONE if is_done else _REFUSED


def reverted_by(
    actor: Actor, saved: SavedPlan, view: NamespaceView
) -> AuditEvent | None:
    """Return the change that a plan reverts; None for other plans."""
    if saved.request.get("kind") != "revert":
        return None
    rows = queries.audit_rows(actor, view)
    return search.written_update(rows, str(saved.request.get("op_id", "")))


def title_of(saved: SavedPlan, reverted: AuditEvent | None, *, has_moved: bool) -> str:
    """Return the title of the page; that of a revert names what it reverts."""
    if reverted is not None and reverted.revision is not None:
        return f"Revert of revision {reverted.revision:,}"
    if saved.is_confirmed:
        return "Confirmed plan"
    if saved.is_expired:
        return "Expired plan"
    if has_moved:
        return "The plan changed"
    return "Review the clone" if saved.kind == copying.KIND else "Review the plan"


def listed_state(saved: SavedPlan, revision: int) -> Badge:
    """Return what a list says of an open plan, which is not planned again for it.

    `revision` is that of its namespace now. Another one need not change the steps.
    """
    made_at = f"Made at revision {saved.revision:,}"
    now = "still the latest" if revision == saved.revision else f"now {revision:,}"
    return Badge("idle", "history", f"{made_at}, {now}")


def new_context(
    request: HttpRequest,
    saved: SavedPlan,
    *,
    has_moved: bool = False,
    obstacle: Badge | None = None,
) -> dict[str, Any]:
    """Return the context of the head for the plan of a new namespace."""
    can_edit = actor_of(request).may(Action.NAMESPACE_CREATE) and saved.form is not None
    address = f"{reverse('new_namespace')}?{PLAN}={saved.plan_id}"
    return {
        "saved": saved,
        "plan_title": title_of(saved, None, has_moved=has_moved),
        "plan_state": state_of(saved, has_moved=has_moved, obstacle=obstacle),
        "plan_link": request.build_absolute_uri(
            reverse("new_plan", args=[saved.plan_id])
        ),
        "edit_link": address if can_edit else "",
        "edits": True,
    }
