"""The forms of deleting, restoring and protecting a namespace."""

from django import forms

from nsadmin import names
from nsadmin.errors import Invalid
from nsadmin.namespaces.plan.protection import Protection
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.pages.common.forms.base import ChangeForm


class TypedNameForm(ChangeForm):
    """The name of the namespace to delete, typed as a confirmation."""

    typed_name = forms.CharField(
        label="Namespace name",
        strip=False,
        error_messages={"required": "Type the name to confirm."},
        widget=forms.TextInput({"spellcheck": "false", "autocapitalize": "off"}),
    )

    def require_name_of(self, namespace: Namespace) -> None:
        """Raise Invalid unless the typed name is exactly the label of the namespace."""
        typed = names.trimmed(self.cleaned_data["typed_name"])
        if typed != namespace.label:
            sentence = f"This is not its name. Type {namespace.label} to delete it."
            raise Invalid.at("typed_name", sentence)


class RestoreForm(ChangeForm):
    """The name of the restored namespace."""

    namespace_name = forms.CharField(
        label="Name",
        strip=False,
        error_messages={"required": "Enter a name for the restored namespace."},
        widget=forms.TextInput({"spellcheck": "false"}),
        help_text="The previous name, unless it is taken.",
    )


class ProtectionForm(ChangeForm):
    """Whether to protect a namespace from deletion."""

    protected = forms.ChoiceField(choices=[("on", "On"), ("off", "Off")])

    def wanted(self) -> Protection:
        """Return the choice."""
        return Protection(protect=self.cleaned_data["protected"] == "on")
