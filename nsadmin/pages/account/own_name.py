"""Changing one's own name."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from nsadmin.access.models import NAME_MAX
from nsadmin.access.permissions import Action
from nsadmin.access.signin import own_name as names
from nsadmin.access.web import gate
from nsadmin.errors import Invalid
from nsadmin.pages.common.done import SeeOther
from nsadmin.pages.common.forms.base import BaseForm
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.page_context import signed_in


class NameForm(BaseForm):
    """The name that others see."""

    name = forms.CharField(
        label="Name",
        required=False,
        max_length=NAME_MAX,
        help_text="Shown to the members of your organizations and in the audit. "
        "If empty, they see your e-mail address.",
    )


@gate.page(Action.ACCOUNT_USE)
@require_http_methods(["GET", "HEAD", "POST"])
def own_name(request: HttpRequest) -> HttpResponse:
    """Show the name in a form; a POST changes it."""
    user = signed_in(request)
    sent = request.POST if request.method == "POST" else None
    form = NameForm(sent, initial={"name": user.name})
    if form.is_bound and form.is_valid():
        try:
            is_changed = names.rename(user, form.cleaned_data["name"])
        except Invalid as refused:
            form.add_error("name", refused.message)
        else:
            words = "Name changed." if is_changed else "Nothing changed."
            messages.success(request, words)
            return SeeOther(reverse("account"))
    context = {"tab": "", "section": "profile", "form": form}
    status = 422 if form.errors else 200
    return page(request, "account/own_name.html", context, status=status)
