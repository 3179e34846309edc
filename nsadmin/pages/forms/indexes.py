"""The form of one payload index: a field, one of eight types, the type's parameters."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms

from nsadmin.namespaces.document import StoredIndex
from nsadmin.namespaces.fields import INDEX_DEFAULTS, INDEX_TYPES, TOKENIZERS
from nsadmin.pages.forms.base import SheetForm

MEANINGS = {
    "keyword": "exact value",
    "text": "words within text",
    "integer": "equal, range, sort",
    "float": "range, sort",
    "bool": "true or false",
    "datetime": "time range, sort",
    "geo": "place, radius",
    "uuid": "exact id",
}


class IndexForm(SheetForm):
    """`original` names the index that is changed; it is empty for a new one."""

    paths: ClassVar[Mapping[str, str]] = {"field_schema": "lookup"}

    original = forms.CharField(required=False, widget=forms.HiddenInput)
    field_name = forms.CharField(
        label="Field",
        strip=True,
        error_messages={"required": "Say which field to index."},
        widget=forms.TextInput(
            {"maxlength": 255, "spellcheck": "false", "autocapitalize": "none"}
        ),
        help_text="Dots reach into objects, as in rights.territory; [] into lists.",
    )
    type = forms.ChoiceField(
        label="Type",
        choices=list(MEANINGS.items()),
        initial="keyword",
        error_messages={"required": "Choose a type."},
    )
    is_tenant = forms.BooleanField(label="This field separates tenants", required=False)
    lookup = forms.BooleanField(label="Find equal values", required=False, initial=True)
    range = forms.BooleanField(
        label="Find ranges and sort", required=False, initial=True
    )
    tokenizer = forms.ChoiceField(
        label="Tokenizer",
        choices=[(name, name) for name in TOKENIZERS],
        required=False,
        initial="word",
    )
    min_token_len = forms.IntegerField(
        label="Shortest word",
        required=False,
        initial=2,
        widget=forms.NumberInput({"min": 0, "max": 1000}),
    )
    max_token_len = forms.IntegerField(
        label="Longest word",
        required=False,
        initial=15,
        widget=forms.NumberInput({"min": 0, "max": 1000}),
    )
    lowercase = forms.BooleanField(
        label="Ignore upper and lower case", required=False, initial=True
    )

    @classmethod
    def filled(cls, index: StoredIndex) -> "IndexForm":
        """Return the form as a stored index is now."""
        initial = {"original": index.field_name, "field_name": index.field_name}
        return cls(initial={**initial, **index.schema})

    def entry(self) -> dict[str, Any]:
        """Return the index as an entry of the wanted list."""
        data = self.cleaned_data
        kind = data["type"]
        known = INDEX_DEFAULTS[kind] if kind in INDEX_TYPES else {}
        schema = {key: data[key] for key in known if data.get(key) is not None}
        return {
            "field_name": data["original"] or data["field_name"],
            "type": kind,
            "field_schema": schema,
        }

    @property
    def cards(self) -> list[tuple[str, str, bool]]:
        """Return value, meaning and whether it is chosen, for the radio cards."""
        chosen = self["type"].value()
        return [
            (value, meaning, value == chosen) for value, meaning in MEANINGS.items()
        ]


class DropForm(SheetForm):
    """Names the index to drop."""

    drop = forms.CharField(widget=forms.HiddenInput)
