"""What a repair shall bring in line; there is nothing else to fill in."""

from django import forms

from nsadmin.namespaces.plan.repair import Repair
from nsadmin.pages.common.forms.base import ChangeForm

PARTS = {
    "missing": "Add what is missing",
    "wrong": "Build anew what is another",
    "extra": "Drop what nobody declared",
    "collection": "Make the collection anew, empty",
}


class RepairForm(ChangeForm):
    """Ticks of what to repair; without any, what is missing."""

    parts = forms.MultipleChoiceField(
        label="What to repair", required=False, choices=list(PARTS.items())
    )

    def repair(self) -> Repair:
        """Return what was ticked."""
        parts = set(self.cleaned_data["parts"]) or {"missing"}
        missing = "missing" in parts
        return Repair(
            vectors=missing,
            indexes=missing,
            wrong="wrong" in parts,
            extra="extra" in parts,
            collection="collection" in parts,
        )
