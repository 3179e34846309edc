"""The form of a clone: its name and the resources to copy."""

from django import forms

from nsadmin.access.actor import Actor
from nsadmin.clones.request import CloneRequest, parse_clone
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema.limits import DESCRIPTION_MAX, NAME_MAX
from nsadmin.pages.common.forms.base import ChangeForm


class CloneForm(ChangeForm):
    """Name, description and the three kinds of resources."""

    namespace_name = forms.CharField(
        label="Name",
        strip=False,
        error_messages={"required": "The clone needs a name."},
        widget=forms.TextInput({"spellcheck": "false"}),
        help_text=f"1 to {NAME_MAX} characters, unique in the organization regardless "
        "of case. Reserved when the clone starts.",
    )
    description = forms.CharField(
        label="Description",
        required=False,
        strip=False,
        widget=forms.Textarea({"maxlength": DESCRIPTION_MAX}),
        help_text="If empty, it is copied from the source.",
    )
    collections = forms.BooleanField(required=False, initial=True)
    retrievers = forms.BooleanField(required=False, initial=True)
    taxonomies = forms.BooleanField(required=False)
    leave_out_foreign_points = forms.BooleanField(required=False)

    @staticmethod
    def usual(actor: Actor, view: NamespaceView) -> CloneRequest:
        """Return the request of the untouched form, with an example name."""
        return CloneRequest(
            namespace_name=f"{view.namespace.name[: NAME_MAX - 5].rstrip()}-copy",
            source_organization_id=_across(actor, view),
        )

    def wanted(self, actor: Actor, view: NamespaceView) -> CloneRequest:
        """Read the input as a clone request, or raise Invalid."""
        data = self.cleaned_data
        return parse_clone(
            {
                "namespace_name": data["namespace_name"],
                "description": data["description"].strip() or None,
                "include_resources": {
                    "collections": data["collections"],
                    "retrievers": data["retrievers"],
                    "taxonomies": data["taxonomies"],
                },
                "source_organization_id": _across(actor, view),
                "leave_out_foreign_points": data["leave_out_foreign_points"] or None,
            }
        )


def _across(actor: Actor, view: NamespaceView) -> str | None:
    """Return the source's organization if staff clones another's namespace."""
    is_foreign = view.organization_id != actor.organization_id
    across = is_foreign and actor.is_staff and not view.namespace.is_system
    return view.organization_id if across else None
