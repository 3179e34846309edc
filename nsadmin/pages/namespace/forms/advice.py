"""The forms that follow or dismiss index advice."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms

from nsadmin.advice.rules import Advice
from nsadmin.errors import Invalid
from nsadmin.namespaces.plan.index_steps import declared_list
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.patch import NamespacePatch, parse_patch
from nsadmin.namespaces.schema.payload_indexes import INDEX_TYPES
from nsadmin.pages.common.forms.base import ChangeForm


def tick_of(advice: Advice) -> str:
    """Return the value of the advice's checkbox; empty if it cannot be followed."""
    if advice.index_type is None or advice.kind == "over_budget":
        return ""
    return f"{advice.kind}/{advice.index_type}/{advice.field_name}"


class _Ticks(forms.MultipleChoiceField):
    """Checkboxes with any values: the advice may have changed meanwhile."""

    def valid_value(self, value: str) -> bool:  # noqa: ARG002
        return True


class DismissForm(ChangeForm):
    """The advice to dismiss, as `kind/field`, and the reason."""

    paths: ClassVar[Mapping[str, str]] = {"kind": "which", "field_name": "which"}

    which = forms.CharField(label="Which", required=False)
    reason = forms.CharField(
        label="Why", required=False, help_text="Recorded with your name."
    )

    @property
    def chosen(self) -> tuple[str, str]:
        """Return the kind of the advice and its field."""
        kind, _, field = self.cleaned_data["which"].partition("/")
        return kind, field


class AdviceForm(ChangeForm):
    """Each tick is `kind/type/field`: build, change or drop the index of the field."""

    paths: ClassVar[Mapping[str, str]] = {"payload_indexes": "accept"}

    accept = _Ticks(
        label="Advice",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def patch(self, namespace: Namespace) -> NamespacePatch:
        """Return a patch with the selected advice applied, or raise Invalid."""
        ticked = [self._read(tick) for tick in self.cleaned_data["accept"]]
        if not ticked:
            sentence = "Select the advice to follow."
            raise Invalid.at("accept", sentence)
        touched = {field for _, _, field in ticked}
        wanted = [e for e in declared_list(namespace) if e["field_name"] not in touched]
        wanted += [
            {"field_name": field, "type": index_type}
            for kind, index_type, field in ticked
            if kind != "unused"
        ]
        return parse_patch({"payload_indexes": wanted})

    def _read(self, tick: str) -> tuple[str, str, str]:
        kind, _, rest = tick.partition("/")
        index_type, _, field = rest.partition("/")
        known = kind in ("missing", "wrong_type", "unused")
        if not known or index_type not in INDEX_TYPES or not field:
            sentence = "This advice is not valid. Reload the page."
            raise Invalid.at("accept", sentence)
        return kind, index_type, field

    @property
    def ticked(self) -> list[Any]:
        """Return the selected values, to select them again."""
        return list(self["accept"].value() or [])
