"""The secret of a webhook: replacing it, and the page that shows a new one once."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate, shown_once, step_up
from nsadmin.errors import Conflict
from nsadmin.notifications import webhooks
from nsadmin.notifications.models import Webhook
from nsadmin.pages.common.done import SeeOther
from nsadmin.pages.common.htmx import page
from nsadmin.pages.organization.notifications.forms import SecretForm
from nsadmin.pages.organization.views import organization_scope

_SECTION = "notifications"


@gate.page(Action.ORGANIZATION_MANAGE, step_up="after checks")
@require_http_methods(["GET", "HEAD", "POST"])
def webhook_secret(request: HttpRequest, webhook_id: str) -> HttpResponse:
    """Ask for confirmation, then replace the secret and lead to the new one.

    A form that is sent again changes nothing and leads to the same page.
    """
    scope = organization_scope(request, _SECTION)
    row = webhooks.find(scope["organization"], webhook_id)
    is_post = request.method == "POST"
    form = SecretForm(row, request.POST if is_post else None)
    if is_post:
        actor = gate.actor_of(request)
        webhooks.require_member(actor)
    if is_post and form.is_valid():
        step_up.require_password(request)
        try:
            row, secret = webhooks.replace_secret(
                actor, scope["organization"], webhook_id, mark=form.act_id
            )
        except Conflict as conflict:
            messages.warning(request, conflict.message)
            return SeeOther(_made(row))
        return to_secret(request, row, secret)
    context = {
        **scope,
        "webhook": row,
        "form": form,
        "old_end": row.old_secret_end(timezone.now()),
    }
    template = "organization/notifications/secret.html"
    return page(request, template, context, status=422 if form.errors else 200)


def to_secret(request: HttpRequest, row: Webhook, secret: str) -> HttpResponse:
    """Lead to the page that shows the secret, so that a reload sends nothing again."""
    shown_once.keep(request, _named(row), secret)
    return SeeOther(_made(row))


def _named(row: Webhook) -> str:
    return f"webhook {row.webhook_id}"


def _made(row: Webhook) -> str:
    return reverse("organization_webhook_secret_made", args=[row.webhook_id])


@gate.page(Action.ORGANIZATION_MANAGE)
@require_safe
def made_secret(request: HttpRequest, webhook_id: str) -> HttpResponse:
    """Show a new secret, once; afterwards lead to its webhook."""
    scope = organization_scope(request, _SECTION)
    row = webhooks.find(scope["organization"], webhook_id)
    secret = shown_once.take(request, _named(row)) if request.method == "GET" else None
    if secret is None:
        if row.secret is not None:
            note = (
                f"The secret of “{row.name}” was shown once. If it is lost, replace it."
            )
            messages.info(request, note)
        return SeeOther(reverse("organization_webhook", args=[row.webhook_id]))
    context = {
        **scope,
        "webhook": row,
        "plaintext": secret,
        "old_end": row.old_secret_end(timezone.now()),
    }
    return page(request, "organization/notifications/secret_made.html", context)
