"""The form of one payload index: a field, one of eight types, the type's parameters."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms

from nsadmin.advice.rules import AUTO_THRESHOLD
from nsadmin.errors import Invalid
from nsadmin.namespaces.schema.document import Namespace, StoredIndex
from nsadmin.namespaces.schema.patch import NamespacePatch, parse_patch
from nsadmin.namespaces.schema.payload_indexes import (
    INDEX_DEFAULTS,
    INDEX_TYPES,
    TOKENIZERS,
)
from nsadmin.pages.common.forms.base import ChangeForm
from nsadmin.pages.templatetags.formatting import parameters

AUTO_INDEX_HINT = (
    f"Fields that are filtered more than {AUTO_THRESHOLD} times in 24 h get an index."
)
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


def declared_list(namespace: Namespace, besides: str = "") -> list[dict[str, Any]]:
    """Return the declared indexes as a body of PATCH, without the one on `besides`."""
    return [
        {
            "field_name": index.field_name,
            "type": index.type,
            "field_schema": dict(index.schema),
        }
        for index in namespace.indexes
        if index.field_name != besides
    ]


class _OneIndexForm(ChangeForm):
    """A form about the index of one field, with detection of edit conflicts."""

    labels: ClassVar[Mapping[str, str]] = {"index": "the index"}

    @property
    def field(self) -> str:
        """The payload field of the index; empty if none was entered."""
        raise NotImplementedError

    def stored(self, namespace: Namespace) -> dict[str, Any]:
        """Return the index's type and parameters, None where there is no index."""
        if not self.field:
            return {}
        found = {index.field_name: index for index in namespace.indexes}
        index = found.get(self.field)
        if index is None:
            return {"index": None}
        known = ("type", *INDEX_DEFAULTS[index.type])
        return {"index": {key: index.schema.get(key) for key in known}}

    def text(self, key: str, value: Any) -> str:  # noqa: ARG002
        """Return an index as text for people."""
        if not isinstance(value, dict):
            return f"No index on {self.field}"
        return ", ".join(filter(None, [str(value.get("type")), parameters(value)]))


class IndexForm(_OneIndexForm):
    """`original` names the index that is changed; it is empty for a new one."""

    paths: ClassVar[Mapping[str, str]] = {"field_schema": "lookup"}
    raw: ClassVar[tuple[str, ...]] = (
        "min_token_len",
        "max_token_len",
        "tokenizer",
        "is_tenant",
        "lookup",
        "range",
        "lowercase",
    )

    original = forms.CharField(required=False, widget=forms.HiddenInput)
    field_name = forms.CharField(
        label="Field",
        strip=True,
        error_messages={"required": "Enter the field to index."},
        widget=forms.TextInput(
            {"maxlength": 255, "spellcheck": "false", "autocapitalize": "none"}
        ),
        help_text="Use dots for nested objects, as in rights.territory, [] for lists.",
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
        help_text="0 and 1 include every word.",
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

    @property
    def field(self) -> str:
        """The payload field that is indexed."""
        return str(self["original"].value() or self["field_name"].value() or "").strip()

    def asked(self) -> dict[str, Any]:
        """Return the type with its parameters; blank ones have their default."""
        data = self.cleaned_data
        kind = data["type"]
        known = INDEX_DEFAULTS[kind] if kind in INDEX_TYPES else {}
        given = {key: data[key] for key in known if data.get(key) not in (None, "")}
        return {"index": {"type": kind, **known, **given}}

    def __init__(self, *args: Any, replaces: bool = False, **kwargs: Any) -> None:
        """Say whether a new index `replaces` one that is there."""
        super().__init__(*args, **kwargs)
        self.replaces = replaces

    def patch(self, namespace: Namespace) -> NamespacePatch:
        """Return a patch with this index, or raise Invalid.

        A new index may replace an existing one only if it `replaces`: another person
        may have added it since the plan was made.
        """
        name, index = self.field, self.touched().get("index")
        if index is None:
            return parse_patch({})
        others = declared_list(namespace, besides=name)
        is_there = len(others) < len(namespace.indexes)
        if is_there and not self.cleaned_data["original"] and not self.replaces:
            sentence = f"{name} already has an index; change that one."
            raise Invalid.at("field_name", sentence)
        entry = {"field_name": name, "type": index["type"], "field_schema": index}
        return parse_patch({"payload_indexes": [*others, entry]})

    @property
    def cards(self) -> list[tuple[str, str, bool]]:
        """Return the types for the radio cards: value, meaning, is chosen."""
        chosen = self["type"].value()
        return [
            (value, meaning, value == chosen) for value, meaning in MEANINGS.items()
        ]


class DropForm(_OneIndexForm):
    """The index to drop, by its field."""

    drop = forms.CharField(widget=forms.HiddenInput)

    @property
    def field(self) -> str:
        """The payload field whose index is dropped."""
        return str(self["drop"].value() or "")

    def asked(self) -> dict[str, Any]:
        """Return that the field has no index."""
        return {"index": None}

    def patch(self, namespace: Namespace) -> NamespacePatch:
        """Return a patch without the index."""
        if "index" not in self.touched():
            return parse_patch({})
        return parse_patch({"payload_indexes": declared_list(namespace, self.field)})
