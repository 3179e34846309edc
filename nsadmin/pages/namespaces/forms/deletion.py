"""The forms of deleting, restoring and protecting a namespace."""

from django import forms

from nsadmin import names
from nsadmin.errors import Invalid
from nsadmin.namespaces.plan.protection import Protection
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.pages.common.forms.base import ChangeForm


class TypedNameForm(ChangeForm):
    """The name of what is deleted, typed by hand."""

    typed_name = forms.CharField(
        label="Its name",
        strip=False,
        error_messages={"required": "Type the name, so that nothing else is deleted."},
        widget=forms.TextInput({"spellcheck": "false", "autocapitalize": "off"}),
    )

    def require_name_of(self, namespace: Namespace) -> None:
        """Raise Invalid unless it is exactly this namespace's name."""
        typed = names.trimmed(self.cleaned_data["typed_name"])
        if typed != namespace.name:
            sentence = f"That is not its name. Type {namespace.name} to delete it."
            raise Invalid.at("typed_name", sentence)


class RestoreForm(ChangeForm):
    """The name under which a tombstone comes back."""

    namespace_name = forms.CharField(
        label="Name",
        strip=False,
        error_messages={"required": "It needs a name to come back."},
        widget=forms.TextInput({"spellcheck": "false"}),
        help_text="Its old one, unless somebody has taken it meanwhile.",
    )


class ProtectionForm(ChangeForm):
    """Whether to protect a namespace from deletion."""

    protected = forms.ChoiceField(choices=[("on", "On"), ("off", "Off")])

    def wanted(self) -> Protection:
        """Return the choice."""
        return Protection(protect=self.cleaned_data["protected"] == "on")
