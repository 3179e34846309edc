"""The form of a namespace's plain fields."""

from typing import Any

from django import forms

from nsadmin.namespaces.document import Namespace
from nsadmin.namespaces.fields import (
    MAX_DESCRIPTION,
    NAME_MAX,
    NAME_MIN,
    NamespacePatch,
    parse_patch,
)
from nsadmin.namespaces.queries import NamespaceView
from nsadmin.pages.forms.base import SheetForm


class SettingsForm(SheetForm):
    """Name, description and automatic indexes."""

    namespace_name = forms.CharField(
        label="Name",
        strip=False,
        error_messages={"required": "A namespace needs a name."},
        widget=forms.TextInput({"maxlength": NAME_MAX, "spellcheck": "false"}),
        help_text=f"{NAME_MIN} to {NAME_MAX} characters, unique in the organization "
        "whatever the case. Programs that use the name must follow; the id stays.",
    )
    description = forms.CharField(
        label="Description",
        required=False,
        strip=False,
        widget=forms.Textarea({"maxlength": MAX_DESCRIPTION}),
        help_text=f"At most {MAX_DESCRIPTION:,} characters. Empty removes it.",
    )
    auto_create_indexes = forms.BooleanField(
        label="Create indexes from usage",
        required=False,
        help_text="Fields that are filtered more than 100 times in 24 h get an index.",
    )

    @classmethod
    def filled(cls, namespace: Namespace) -> "SettingsForm":
        """Return the form as the namespace is now."""
        return cls(
            initial={
                "namespace_name": namespace.name,
                "description": namespace.description or "",
                "auto_create_indexes": namespace.auto_create_indexes,
            }
        )

    def patch(self, view: NamespaceView) -> NamespacePatch:
        """Read the input as a patch, or raise Invalid.

        A name that stays is not judged: a clone's may be shorter than a new one.
        """
        data: dict[str, Any] = dict(self.cleaned_data)
        if data["namespace_name"].strip() == view.namespace.name:
            del data["namespace_name"]
        return parse_patch(data)
