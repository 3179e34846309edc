"""What fails or cannot be read, of all organizations; ending a failed deletion."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.access.web.sign_in import post_only
from nsadmin.errors import Conflict, Unavailable
from nsadmin.health import failing
from nsadmin.health.failing import FailingItem
from nsadmin.namespaces.lifecycle import purging
from nsadmin.pages.common.failing_items import can_finish, loop_effect, loop_title
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.paging import PER_PAGE, Paging, offset_of


@gate.page(Action.PLATFORM_READ)
@require_safe
def unreadable(request: HttpRequest) -> HttpResponse:
    """List the failing items, or with `?show=documents` the unreadable documents."""
    actor, offset = gate.actor_of(request), offset_of(request)
    shows_documents = request.GET.get("show") == "documents"
    counts = failing.counts()
    if shows_documents:
        documents = failing.unreadable_documents(actor, offset=offset, limit=PER_PAGE)
        shown, total, rows = len(documents), counts.documents, []
    else:
        found = failing.failing_items(actor, offset=offset, limit=PER_PAGE)
        shown, total, documents = len(found), counts.items, []
        rows = [_row(item) for item in found]
    context = {
        "counts": counts,
        "shows_documents": shows_documents,
        "rows": rows,
        "documents": documents,
        "may_release": actor.may(Action.DELETION_RELEASE),
        "paging": Paging(offset, shown, total),
    }
    return page(request, "platform/unreadable.html", context)


@gate.page(Action.DELETION_RELEASE, step_up=True)
@post_only
def finish_deletion(request: HttpRequest) -> HttpResponse:
    """End a failed deletion without the collection that it cannot reach."""
    namespace_id = request.POST.get("namespace_id", "")
    try:
        purging.finish_without_collection(gate.actor_of(request), namespace_id)
    except (Conflict, Unavailable) as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"The deletion of {namespace_id} continues.")
    return redirect("platform_unreadable")


def _row(item: FailingItem) -> dict[str, object]:
    """Return a failing item for the template, with its loop in words."""
    return {
        "item": item,
        "title": loop_title(item.row.loop),
        "effect": loop_effect(item.row.loop),
        "can_finish": can_finish(item.row),
    }
