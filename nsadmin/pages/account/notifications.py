"""Which mails a person gets."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.notifications import choices
from nsadmin.pages.common.done import SeeOther
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.page_context import signed_in


@gate.page(Action.ACCOUNT_USE)
@require_http_methods(["GET", "HEAD", "POST"])
def account_notifications(request: HttpRequest) -> HttpResponse:
    """Show the choices; a POST sets them."""
    user = signed_in(request)
    if request.method == "POST":
        choices.choose(user, request.POST.getlist("choice"))
        messages.success(request, "Notifications saved.")
        return SeeOther(reverse("account_notifications"))
    chosen = choices.of(user)
    context = {
        "tab": "",
        "section": "notifications",
        "groups": [
            ("Your jobs and namespaces", [c for c in chosen if not c[0].for_admins]),
            ("If you are an admin", [c for c in chosen if c[0].for_admins]),
        ],
    }
    return page(request, "account/notifications.html", context)
