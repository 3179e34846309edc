"""The forms that ask for a support session."""

from typing import Any

from django import forms

from nsadmin.access.models import Organization
from nsadmin.access.support.sessions import MINUTES, REASON_MAX, TICKET_MAX
from nsadmin.pages.common.forms.base import ChangeForm
from nsadmin.pages.common.forms.organizations import OrganizationField
from nsadmin.pages.templatetags.formatting import lasting


class AskForm(ChangeForm):
    """Which organization, why, for which ticket, and for how long."""

    organization = OrganizationField(
        label="Organization",
        error_messages={"required": "Choose an organization."},
        help_text="Its name or its id.",
    )
    reason = forms.CharField(
        label="Reason",
        max_length=REASON_MAX,
        error_messages={"required": "Say why you need access. The customer reads it."},
        help_text="The customer reads it, such as “Films are missing from the search”.",
    )
    ticket = forms.CharField(
        label="Ticket",
        required=False,
        max_length=TICKET_MAX,
        widget=forms.TextInput({"spellcheck": "false"}),
        help_text="Its number, such as NL-2291.",
    )
    minutes = forms.TypedChoiceField(
        label="For how long",
        coerce=int,
        choices=[(str(m), lasting(m * 60)) for m in MINUTES],
        initial="60",
        error_messages={"required": "Choose how long the session may run."},
    )

    def clean_organization(self) -> Organization:
        """Refuse the operator's own, which its people see without a session."""
        chosen: Organization = self.cleaned_data["organization"]
        if chosen.is_operator:
            raise forms.ValidationError(
                f"{chosen.name} is your own organization. You see it without a session."
            )
        return chosen


class BreakGlassForm(AskForm):
    """The same, with the organization's name typed as a confirmation."""

    name = forms.CharField(
        label="Name of the organization",
        required=False,
        strip=True,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
        help_text="Type it to confirm.",
    )

    def clean(self) -> dict[str, Any]:
        """Require the name of the chosen organization."""
        data: dict[str, Any] = self.cleaned_data
        chosen: Organization | None = data.get("organization")
        if chosen is not None and data.get("name") != chosen.name:
            self.add_error("name", f"Type {chosen.name} to confirm.")
        return data
