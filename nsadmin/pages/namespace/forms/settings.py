"""The form of a namespace's plain fields."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms

from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.limits import DESCRIPTION_MAX, NAME_MAX, NAME_MIN
from nsadmin.namespaces.schema.patch import NamespacePatch, parse_patch
from nsadmin.pages.common.change_titles import WITHIN
from nsadmin.pages.common.forms.base import ChangeForm
from nsadmin.pages.namespace.forms.index_fields import AUTO_INDEX_HINT


def _plain(text: str) -> str:
    """Return a text stripped and with line ends as LF, as a text area sends it."""
    return text.replace("\r\n", "\n").strip()


class SettingsForm(ChangeForm):
    """Name, description and automatic indexes."""

    labels: ClassVar[Mapping[str, str]] = WITHIN

    namespace_name = forms.CharField(
        label="Name",
        strip=False,
        error_messages={"required": "A namespace needs a name."},
        widget=forms.TextInput({"spellcheck": "false"}),
        help_text=f"{NAME_MIN} to {NAME_MAX} characters, unique in the organization "
        "regardless of case. Programs that use the name must be updated; the id stays.",
    )
    description = forms.CharField(
        label="Description",
        required=False,
        strip=False,
        widget=forms.Textarea,
        help_text=f"At most {DESCRIPTION_MAX:,} characters. Empty removes it.",
    )
    auto_create_indexes = forms.BooleanField(
        label="Automatic indexes",
        required=False,
        help_text=AUTO_INDEX_HINT,
    )

    @classmethod
    def filled(cls, namespace: Namespace) -> "SettingsForm":
        """Return the form as the namespace is now."""
        form = cls()
        form.initial = form.stored(namespace)
        return form

    def stored(self, namespace: Namespace) -> dict[str, Any]:
        """Return the three fields as they are stored."""
        return {
            "namespace_name": namespace.name,
            "description": _plain(namespace.description or ""),
            "auto_create_indexes": namespace.auto_create_indexes,
        }

    def asked(self) -> dict[str, Any]:
        """Return the three fields as they were typed."""
        data = self.cleaned_data
        return {
            "namespace_name": data["namespace_name"].strip(),
            "description": _plain(data["description"]),
            "auto_create_indexes": data["auto_create_indexes"],
        }

    def patch(self, view: NamespaceView) -> NamespacePatch:  # noqa: ARG002
        """Return the changed fields as a patch, or raise Invalid."""
        return parse_patch(self.touched())
