"""A field for one of many organizations: typed, with suggestions from the server."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse_lazy

from nsadmin.access.models import Organization
from nsadmin.access.organization import selection

# The list of suggestions beside the field; `organization_field.html` has it.
OPTIONS_ID = "organization-options"


class OrganizationField(forms.CharField):
    """An organization by its whole name or its id; no list of all is sent to the page.

    Only for forms of the platform's people, who may know of every organization.
    """

    widget = forms.TextInput(
        {
            "list": OPTIONS_ID,
            "spellcheck": "false",
            "hx-get": reverse_lazy("organization_options"),
            "hx-trigger": "input changed delay:250ms, focus once",
            "hx-target": f"#{OPTIONS_ID}",
            "hx-swap": "innerHTML",
            "hx-sync": "this:replace",
            "hx-disabled-elt": "unset",
            "data-quiet": "",
        }
    )

    def clean(self, value: Any) -> Organization:
        """Return the organization; the error names those that are like the text."""
        text = super().clean(value)
        found = selection.named(text)
        if found is not None:
            return found
        similar = selection.search(selection.every(), text, 3)
        hint = f"Did you mean {_either(similar)}?" if similar else "Choose another one."
        raise ValidationError(f"There is no such organization. {hint}")


def _either(organizations: list[Organization]) -> str:
    *first, last = [organization.name for organization in organizations]
    return f"{', '.join(first)} or {last}" if first else last
