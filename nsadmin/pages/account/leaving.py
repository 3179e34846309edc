"""Leaving an organization."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from nsadmin.access.organization import listing, members
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate, step_up
from nsadmin.errors import Conflict
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.page_context import signed_in
from nsadmin.pages.templatetags.formatting import many


@gate.page(Action.ACCOUNT_USE, step_up="after checks")
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, organization_id: str) -> HttpResponse:
    """Show what ends with one's membership; a POST ends it."""
    found = members.find_own(signed_in(request), organization_id)
    refusal, status = "", 200
    if request.method == "POST":
        try:
            members.require_may_end(found)
            step_up.require_password(request)
            ended = members.leave(gate.actor_of(request), found)
        except Conflict as conflict:
            refusal, status = conflict.message, conflict.status
        else:
            keys = f" {many(ended.keys, 'key')} revoked." if ended.keys else ""
            messages.success(request, f"You left {found.organization}.{keys}")
            return redirect("namespaces")
    context = {
        "tab": "",
        "section": "profile",
        "member": found,
        "live_keys": listing.unrevoked_key_count(found.organization, found.user),
        "issued_keys": listing.issued_key_count(found.organization, found.user),
        "asked_count": members.related_invitations(found).count(),
        "refusal": refusal,
        "reason": members.why_stays(found),
    }
    return page(request, "account/leave.html", context, status=status)
