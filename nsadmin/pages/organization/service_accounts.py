"""Service accounts: a new one, and the page of one with its keys."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from nsadmin.access.keys import listing, service_accounts
from nsadmin.access.models import ServiceAccount
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate, step_up
from nsadmin.errors import Conflict, Forbidden, Invalid
from nsadmin.pages.common.done import SeeOther
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.page_context import signed_in
from nsadmin.pages.common.paging import PER_PAGE, Paging, offset_of
from nsadmin.pages.organization.key_forms import ServiceAccountForm
from nsadmin.pages.organization.key_rows import rows_of
from nsadmin.pages.organization.views import organization_scope
from nsadmin.pages.templatetags.formatting import many


@gate.page(Action.KEY_MANAGE, step_up="after checks")
@require_http_methods(["GET", "HEAD", "POST"])
def new_service_account(request: HttpRequest) -> HttpResponse:
    """Show the form; a valid submit leads to the page of the new account."""
    scope = organization_scope(request, "keys")
    form = ServiceAccountForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST" and form.is_valid():
        step_up.require_password(request)
        try:
            made = service_accounts.create(
                gate.actor_of(request),
                scope["organization"],
                signed_in(request),
                name=form.cleaned_data["name"],
                purpose=form.cleaned_data["purpose"],
                account_id=form.act_id,
            )
        except (Conflict, Invalid, Forbidden) as error:
            form.take(error)
            status = error.status
        else:
            messages.success(request, f"“{made.name}” is created. Make a key for it.")
            return SeeOther(reverse("service_account", args=[made.account_id]))
    if form.errors and status == 200:
        status = 422
    context = {**scope, "form": form}
    template = "organization/service_account_new.html"
    return page(request, template, context, status=status)


@gate.page(Action.KEY_MANAGE, step_up="after checks")
@require_http_methods(["GET", "HEAD", "POST"])
def service_account(request: HttpRequest, account_id: str) -> HttpResponse:
    """Show an account with its keys; a POST deactivates or reactivates, by `step`."""
    scope = organization_scope(request, "keys")
    account = service_accounts.find(scope["organization"], account_id)
    refusal, status = "", 200
    if request.method == "POST":
        step_up.require_password(request)
        try:
            return _change(request, account)
        except (Conflict, Forbidden) as error:
            refusal, status = error.message, error.status
            account = service_accounts.find(scope["organization"], account_id)
    offset = offset_of(request)
    shown = list(listing.keys_of(account)[offset : offset + PER_PAGE])
    context = {
        **scope,
        "account": account,
        "rows": rows_of(request, shown),
        "live_keys": listing.live_key_count(account, timezone.now()),
        "paging": Paging(offset, len(shown), account.keys.count()),
        "refusal": refusal,
    }
    template = "organization/service_account.html"
    return page(request, template, context, status=status)


def _change(request: HttpRequest, account: ServiceAccount) -> HttpResponse:
    actor = gate.actor_of(request)
    match request.POST.get("step"):
        case "deactivate":
            count = service_accounts.deactivate(actor, account)
            also = f" {many(count, 'key')} revoked." if count else ""
            messages.success(request, f"“{account.name}” is deactivated.{also}")
        case "reactivate":
            service_accounts.reactivate(actor, account)
            messages.success(request, f"“{account.name}” is active. Make a key for it.")
    return SeeOther(reverse("service_account", args=[account.account_id]))
