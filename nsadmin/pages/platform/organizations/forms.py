"""The forms of an organization: a new one, its subscription, limits, suspension."""

from collections.abc import Mapping
from typing import ClassVar

from django import forms

from nsadmin.access.models import Organization, Plan
from nsadmin.access.organization.administration import (
    MAX_JOBS,
    MAX_LIMIT,
    MAX_REASON_LENGTH,
    Limits,
)
from nsadmin.access.organization.invitations import new_invitation_id
from nsadmin.pages.common.forms.base import ChangeForm
from nsadmin.pages.common.forms.one_time import OneTimeForm


class OrganizationForm(OneTimeForm):
    """A new organization with its first admin."""

    salt = "nsadmin.organization-form"
    new_act_id = staticmethod(new_invitation_id)

    name = forms.CharField(
        label="Name",
        strip=False,
        error_messages={"required": "Enter a name."},
        help_text="As its members see it; no other organization may have it.",
    )
    plan = forms.ChoiceField(
        label="Subscription",
        choices=Plan.choices,
        initial=Plan.FREE.value,
        error_messages={"required": "Choose a subscription."},
    )
    email = forms.EmailField(
        label="E-mail address of the first admin",
        max_length=254,
        error_messages={"required": "Enter the address of the first admin."},
        widget=forms.EmailInput({"spellcheck": "false"}),
        help_text="They join with a link.",
    )


class PlanForm(ChangeForm):
    """The subscription, and that its consequences were read."""

    plan = forms.ChoiceField(
        label="Subscription",
        choices=Plan.choices,
        error_messages={"required": "Choose a subscription."},
    )
    understood = forms.BooleanField(
        label="I have read what the organization loses",
        required=False,
        help_text="Needed where something is listed below the subscription.",
    )


class LimitsForm(ChangeForm):
    """The organization's own limits; an empty field is the subscription's limit."""

    namespace_limit = forms.IntegerField(
        label="Namespaces",
        required=False,
        min_value=0,
        max_value=MAX_LIMIT,
        help_text="Empty: as in the subscription.",
    )
    job_limit = forms.IntegerField(
        label="Jobs at once",
        required=False,
        min_value=1,
        max_value=MAX_JOBS,
        help_text="Empty: as in the subscription.",
    )

    @staticmethod
    def current(organization: Organization) -> dict[str, int | None]:
        """Return the initial values of the form."""
        return {
            "namespace_limit": organization.namespace_limit,
            "job_limit": organization.job_limit,
        }

    def limits(self) -> Limits:
        """Return the valid input."""
        data = self.cleaned_data
        return Limits(data["namespace_limit"], data["job_limit"])


class SuspensionForm(ChangeForm):
    """The reason of a suspension, and the organization's name as it was typed."""

    paths: ClassVar[Mapping[str, str]] = {}

    reason = forms.CharField(
        label="Reason",
        strip=False,
        max_length=MAX_REASON_LENGTH,
        error_messages={"required": "Give a reason; the members see it."},
        widget=forms.Textarea,
        help_text="Members see it on every page, and programs in every error.",
    )
    typed_name = forms.CharField(
        label="Name of the organization",
        error_messages={"required": "Type the name of the organization."},
    )

    def __init__(self, organization: Organization, data: object = None) -> None:
        """Compare what is typed with this organization's name."""
        super().__init__(data)
        self._name = organization.name
        self.fields["typed_name"].help_text = f"Type {organization.name}."

    def clean_typed_name(self) -> str:
        """Require the exact name."""
        typed: str = self.cleaned_data["typed_name"]
        if typed.strip() != self._name:
            raise forms.ValidationError(f"Type {self._name} to suspend it.")
        return typed
