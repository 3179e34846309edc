"""What platform admins do with organizations: create, subscription, limits, suspend."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from nsadmin.access.mails import members as mails
from nsadmin.access.models import Organization
from nsadmin.access.organization import administration
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate, shown_once, step_up
from nsadmin.errors import Conflict, Invalid, NsadminError
from nsadmin.health import organizations
from nsadmin.pages.common.done import SeeOther
from nsadmin.pages.common.forms.base import ChangeForm
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.page_context import join_link, signed_in
from nsadmin.pages.platform.organizations.forms import (
    LimitsForm,
    OrganizationForm,
    PlanForm,
    SuspensionForm,
)
from nsadmin.pages.platform.organizations.views import organization_context

_METHODS = ["GET", "HEAD", "POST"]


@gate.page(Action.PLATFORM_MANAGE, step_up="after checks")
@require_http_methods(_METHODS)
def new_organization(request: HttpRequest) -> HttpResponse:
    """Show the form; a valid submit leads to the link of the first admin, once."""
    if made_id := request.GET.get("made", ""):
        return _link(request, administration.find(made_id))
    form = OrganizationForm(request.POST if request.method == "POST" else None)
    error: NsadminError | None = None
    if request.method == "POST" and form.is_valid():
        step_up.require_password(request)
        try:
            made, invited = administration.open_organization(
                gate.actor_of(request),
                signed_in(request),
                name=form.cleaned_data["name"],
                plan=form.cleaned_data["plan"],
                admin_email=form.cleaned_data["email"],
                act_id=form.act_id,
                link_of=partial(join_link, request),
            )
        except (Conflict, Invalid) as refused:
            error = refused
        else:
            shown_once.keep(request, _named(made), invited.secret)
            return SeeOther(f"{request.path}?made={made.organization_id}")
    return _show(
        request,
        "platform/organization_new.html",
        {
            "form": form,
            "plans": organizations.plan_offers(),
            "tab": "platform_organizations",
        },
        form,
        error,
    )


def _named(made: Organization) -> str:
    return f"organization {made.organization_id}"


def _link(request: HttpRequest, made: Organization) -> HttpResponse:
    """Show the link once; the page does not tell whether an account exists."""
    invitation = made.invitations.first()
    secret = shown_once.take(request, _named(made)) if request.method == "GET" else None
    if secret is None or invitation is None:
        note = f"{made.name} is created. The link of its first admin was shown once."
        messages.info(request, note)
        return redirect("platform_organization", made.organization_id)
    context = {
        "invitation": invitation,
        "link": join_link(request, secret),
        "mail_state": mails.invitation_state(invitation),
    }
    return page(
        request,
        "platform/organization_link.html",
        {**organization_context(made), **context},
    )


@gate.page(Action.PLATFORM_MANAGE)
@require_http_methods(_METHODS)
def subscription(request: HttpRequest, organization_id: str) -> HttpResponse:
    """Show what each subscription would mean; a POST changes it."""
    found = administration.find(organization_id)
    choices = organizations.plan_choices(found, organizations.usage(found))
    form = PlanForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        chosen = next(c for c in choices if c.value == form.cleaned_data["plan"])
        if chosen.consequences and not form.cleaned_data["understood"]:
            form.add_error("understood", "Tick this to continue.")
        else:
            actor = gate.actor_of(request)
            is_new = administration.change_plan(actor, found, chosen.value)
            text = f"{found.name} has the {chosen.label} subscription now."
            messages.success(request, text if is_new else "Nothing has changed.")
            return redirect("platform_organization", organization_id)
    context = {
        **organization_context(found),
        "form": form,
        "choices": choices,
        "chosen": form["plan"].value() or found.plan,
    }
    return _show(request, "platform/subscription.html", context, form)


@gate.page(Action.PLATFORM_MANAGE)
@require_http_methods(_METHODS)
def limits(request: HttpRequest, organization_id: str) -> HttpResponse:
    """Set the limits that replace those of the subscription."""
    found = administration.find(organization_id)
    is_sent = request.method == "POST"
    form = LimitsForm(
        request.POST if is_sent else None, initial=LimitsForm.current(found)
    )
    error: NsadminError | None = None
    if is_sent and form.is_valid():
        try:
            wanted = form.limits()
            is_new = administration.set_limits(gate.actor_of(request), found, wanted)
        except Invalid as refused:
            error = refused
        else:
            words = "The limits are set." if is_new else "Nothing has changed."
            messages.success(request, words)
            return redirect("platform_organization", organization_id)
    context = {
        **organization_context(found),
        "form": form,
        "usage": organizations.usage(found),
        "plan": organizations.plan_offer(found.plan),
    }
    return _show(request, "platform/limits.html", context, form, error)


@gate.page(Action.PLATFORM_MANAGE, step_up="after checks")
@require_http_methods(_METHODS)
def suspension(request: HttpRequest, organization_id: str) -> HttpResponse:
    """Suspend an organization, or end its suspension with `step` "resume"."""
    found = administration.find(organization_id)
    is_sent = request.method == "POST"
    if is_sent and request.POST.get("step") == "resume":
        step_up.require_password(request)
        return _resume(request, found)
    form = SuspensionForm(found, request.POST if is_sent else None)
    error: NsadminError | None = None
    if is_sent and form.is_valid():
        step_up.require_password(request)
        try:
            reason = form.cleaned_data["reason"]
            administration.suspend(gate.actor_of(request), found, reason)
        except (Conflict, Invalid) as refused:
            error = refused
        else:
            messages.success(request, f"{found.name} is suspended.")
            return redirect("platform_organization", organization_id)
    context = {
        **organization_context(found),
        "form": form,
        "details": organizations.details(gate.actor_of(request), found),
    }
    return _show(request, "platform/suspension.html", context, form, error)


def _resume(request: HttpRequest, found: Organization) -> HttpResponse:
    try:
        administration.resume(gate.actor_of(request), found)
    except Conflict as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, f"{found.name} is no longer suspended.")
    return redirect("platform_organization", found.organization_id)


def _show(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    form: ChangeForm,
    error: NsadminError | None = None,
) -> HttpResponse:
    """Render a form, with its input kept if it was refused."""
    status = 200
    if error is not None:
        form.take(error)
        status = error.status
    elif form.errors:
        status = 422
    return page(request, template, context, status=status)
