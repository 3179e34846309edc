"""Finding the organization to look at, where there are too many for a list."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from nsadmin.access.models import Organization
from nsadmin.access.organization import selection
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.pages.common.htmx import page, wants_fragment
from nsadmin.pages.common.page_context import signed_in
from nsadmin.pages.common.paging import PER_PAGE


@gate.page(Action.ACCOUNT_USE)
@require_safe
def organizations(request: HttpRequest) -> HttpResponse:
    """Show the organizations that one may switch to; for htmx the first few alone.

    The platform's people also find the others, by which they ask for access.
    """
    text = _text(request, "q")
    is_part = wants_fragment(request)
    most = selection.FOUND if is_part else PER_PAGE
    own = selection.search(selection.selectable(signed_in(request)), text, most + 1)
    elsewhere = _elsewhere(request, text, own, most + 1 - len(own))
    is_cut = len(own) + len(elsewhere) > most
    context: dict[str, Any] = {
        "text": text,
        "choices": own[:most],
        "elsewhere": elsewhere[: most - len(own[:most])],
        "is_cut": is_cut,
        "most": most,
        "tab": "",
    }
    if is_part:
        text = render_to_string("organization/choices.html", context, request)
        return HttpResponse(text)
    return page(request, "organization/choosing.html", context)


def _elsewhere(
    request: HttpRequest, text: str, own: list[Organization], most: int
) -> list[Organization]:
    """Return organizations that the platform's people find but do not see."""
    if not gate.actor_of(request).may(Action.SUPPORT_ASK) or most <= 0:
        return []
    return selection.search(selection.customers(without=own), text, most)


@gate.page(Action.SUPPORT_ASK)
@require_safe
def organization_options(request: HttpRequest) -> HttpResponse:
    """Suggest organizations for a field of a form of the platform's people."""
    found = selection.search(selection.every(), _text(request, "organization"))
    context = {"organizations": found}
    text = render_to_string("components/organization_options.html", context, request)
    return HttpResponse(text)


def _text(request: HttpRequest, key: str) -> str:
    return request.GET.get(key, "").replace("\x00", "").strip()[: selection.LONGEST]
