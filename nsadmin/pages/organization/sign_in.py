"""What the organization asks of its members when they sign in."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from nsadmin.access.models import Organization
from nsadmin.access.permissions import Action
from nsadmin.access.signin.requirement import (
    LONGEST_GRACE_DAYS,
    members_without,
    require_factor,
    require_own_admin,
)
from nsadmin.access.web import gate, step_up
from nsadmin.pages.common.done import SeeOther
from nsadmin.pages.common.forms.base import ChangeForm
from nsadmin.pages.common.htmx import page
from nsadmin.pages.organization.views import organization_scope


class FactorForm(ChangeForm):
    """How many days members have to set up a second factor."""

    days = forms.IntegerField(
        label="Days until it is enforced",
        min_value=0,
        max_value=LONGEST_GRACE_DAYS,
        initial=14,
        widget=forms.NumberInput({"min": 0, "max": LONGEST_GRACE_DAYS}),
        help_text="Until then members without one are told on every page.",
    )


@gate.page(Action.ORGANIZATION_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def organization_sign_in(request: HttpRequest) -> HttpResponse:
    """Show whether members need a second factor; a POST requires it or ends that."""
    scope = organization_scope(request, "sign_in")
    organization: Organization = scope["organization"]
    is_post = request.method == "POST"
    form = FactorForm(request.POST if is_post else None)
    if is_post:
        require_own_admin(gate.actor_of(request))
        if request.POST.get("step") == "end":
            step_up.require_password(request)
            return _set(request, organization, None)
        if form.is_valid():
            return _set(request, organization, form.cleaned_data["days"])
    due_at = organization.second_factor_due_at
    context = {
        **scope,
        "form": form,
        "due_at": due_at,
        "is_enforced": due_at is not None and due_at <= timezone.now(),
        "without_count": members_without(organization),
        "may_decide": not gate.actor_of(request).is_staff,
    }
    status = 422 if form.errors else 200
    return page(request, "organization/sign_in.html", context, status=status)


def _set(
    request: HttpRequest, organization: Organization, days: int | None
) -> HttpResponse:
    if require_factor(gate.actor_of(request), organization, days):
        word = "no longer need" if days is None else "need"
        messages.success(request, f"Members {word} a second factor.")
    else:
        messages.info(request, "Nothing to change.")
    return SeeOther(request.path)
