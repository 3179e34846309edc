"""The page that asks for the password before a form is processed.

The form's input is kept in hidden fields and sent to the same address again, with the
password. Secrets are not kept: then the form is shown again with the rest of its input,
and the secret has to be entered again.
"""

import re
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from nsadmin.access.models import User
from nsadmin.access.signin.factors import has_app
from nsadmin.access.web.step_up import CODE_FIELD, FIELD
from nsadmin.errors import PasswordNeeded
from nsadmin.pages.common.htmx import page, wants_fragment
from nsadmin.pages.common.page_context import surroundings

_SECRET = re.compile(r"password|secret|api_key")
_TEMPLATE = "account/step_up.html"
_OURS = {"csrfmiddlewaretoken", FIELD, CODE_FIELD}
_INVITING = "An invitation gives a person access to this organization."
_KEY = "An API key gives a program access to this organization."
_MEMBER = "This changes or ends a person's access."
_DELETING = "What is deleted here cannot be restored."
# What the password protects, by the name of the route.
REASONS: Final = {
    "bulk": "This deletes or changes several namespaces at once.",
    "clone": "This sends data to another organization or cluster.",
    "delete": "This deletes a namespace with everything in it.",
    "deactivated_member": _MEMBER,
    "due_release": _DELETING,
    "fleet_release": _DELETING,
    "new_namespace": "This puts a namespace on a cluster that you entered.",
    "organization_invitation": _INVITING,
    "organization_key_new": _KEY,
    "organization_key_rotate": _KEY,
    "organization_leave": "This ends your own access to the organization.",
    "organization_member": _MEMBER,
    "organization_member_new": _INVITING,
    "organization_sign_in": "This ends the second factor of all members.",
    "organization_second_person": "This ends the confirmation by a second person.",
    "organization_webhook_new": "This sends what happens here to another address.",
    "organization_webhook_secret": "This shows what signs messages to a receiver.",
    "platform_organization_new": _INVITING,
    "platform_suspension": "This stops or resumes all work of an organization.",
    "platform_finish_deletion": _DELETING,
    "service_account": "This ends or restores the access of a program.",
    "service_account_new": _KEY,
    "support_break_glass": "This opens an organization without its approval.",
    "tombstone": _DELETING,
}


def ask_password(request: HttpRequest, error: PasswordNeeded) -> HttpResponse:
    """Return the page that asks for the password; nothing has been written."""
    sent = [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name not in _OURS
    ]
    is_cut = any(value for name, value in sent if _SECRET.search(name))
    kept = [(n, value) for n, value in sent if not value or not _SECRET.search(n)]
    if is_cut:
        kept = [(n, v) for n, v in kept if n != "step"] + [("step", "edit")]
    has_password = _has_password(request)
    context = {
        **surroundings(request),
        "error": error,
        "reason": error.details.get("reason") or _reason(request),
        "is_first": error.code == PasswordNeeded.default_code,
        "field": FIELD,
        "code_field": CODE_FIELD if _has_app(request) else "",
        "is_code_wrong": error.code == "code_wrong",
        "has_password": has_password,
        "heading": "Confirm your password" if has_password else "Confirm who you are",
        "kept": kept,
        "is_cut": is_cut,
        "back": _back(request),
    }
    response = page(
        request,
        _TEMPLATE,
        context,
        fragment="ask",
        status=error.status,
    )
    if wants_fragment(request):
        response.headers["HX-Retarget"] = "#main"
        response.headers["HX-Reswap"] = "innerHTML show:window:top"
        around = {**context, "title_part": f"{_TEMPLATE}#title"}
        response.write(render_to_string("components/around.html", around, request))
    return response


def _has_app(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and has_app(request.user)


def _has_password(request: HttpRequest) -> bool:
    """Whether there is a password to ask for; a provider may have it."""
    return isinstance(request.user, User) and request.user.has_usable_password()


def _reason(request: HttpRequest) -> str:
    match = request.resolver_match
    name = (match.url_name if match else "") or ""
    return REASONS.get(name, "This changes access or data for other people.")


def _back(request: HttpRequest) -> str:
    """Return the page of the form if it is on this site, else the list."""
    came_from = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(
        came_from, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return came_from if is_ours else reverse("namespaces")
