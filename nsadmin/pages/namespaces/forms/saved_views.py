"""The forms of saved views."""

from django import forms

from nsadmin.namespaces.models.saved_views import VIEW_NAME_MAX
from nsadmin.pages.common.forms.base import ChangeForm


class RenameForm(ChangeForm):
    """The name of a view."""

    name = forms.CharField(
        label="Name",
        strip=False,
        max_length=VIEW_NAME_MAX,
        error_messages={"required": "Enter a name for the view."},
        widget=forms.TextInput({"autocomplete": "off"}),
    )


class SaveForm(RenameForm):
    """The name of a new view, and the address of the list that it keeps."""

    address = forms.CharField(
        required=False, max_length=8000, strip=False, widget=forms.HiddenInput
    )
    is_default = forms.BooleanField(label="Open the list with it", required=False)
