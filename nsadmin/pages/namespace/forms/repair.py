"""The form of a repair: the kinds of differences to repair."""

from django import forms

from nsadmin.namespaces.plan.repair import Repair
from nsadmin.pages.common.forms.base import ChangeForm

PARTS = {
    "missing": "Add what is missing",
    "wrong": "Rebuild what differs",
    "extra": "Drop what is not declared",
    "collection": "Recreate the collection, empty",
}


class RepairForm(ChangeForm):
    """The kinds of differences to repair; `missing` if none is selected."""

    parts = forms.MultipleChoiceField(
        label="What to repair", required=False, choices=list(PARTS.items())
    )

    def repair(self) -> Repair:
        """Return the selected repair."""
        parts = set(self.cleaned_data["parts"]) or {"missing"}
        missing = "missing" in parts
        return Repair(
            vectors=missing,
            indexes=missing,
            wrong="wrong" in parts,
            extra="extra" in parts,
            collection="collection" in parts,
        )
