"""The fields of one payload index: a field, a type, and the type's parameters."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.http import QueryDict

from nsadmin.advice.rules import AUTO_THRESHOLD
from nsadmin.namespaces.schema.document import Raw
from nsadmin.namespaces.schema.index_parameters import (
    FURTHER_PARAMETERS,
    STEMMERS,
    STOPWORD_MAX,
    is_off,
)
from nsadmin.namespaces.schema.payload_indexes import INDEX_DEFAULTS, TOKENIZERS
from nsadmin.pages.common.forms.base import ChangeForm

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
# Where an error of stopwords stands, by the end of its path.
_STOPWORDS = {
    "stopwords.languages": "stopword_languages",
    "stopwords.custom": "stopwords",
}
_ADVANCED = ("on_disk", "is_principal", "phrase_matching", "ascii_folding")


def essential(schema: Mapping[str, Any]) -> Raw:
    """Return the type and the known parameters that are neither default nor off."""
    kind = schema["type"]
    defaults = INDEX_DEFAULTS.get(kind, {})
    more = FURTHER_PARAMETERS.get(kind, {})
    return {"type": kind} | {
        key: value
        for key, value in sorted(schema.items())
        if (key in defaults and value not in (None, defaults[key]))
        or (key in more and not is_off(key, value))
    }


class IndexFields(ChangeForm):
    """`original` names the index that is changed; it is empty for a new one."""

    paths: ClassVar[Mapping[str, str]] = {
        "field_schema": "lookup",
        "enable_hnsw": "without_hnsw",
    }
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
        required=False,
        widget=forms.TextInput({"spellcheck": "false", "autocapitalize": "none"}),
        help_text="Use dots for nested objects, as in rights.territory, [] for lists.",
    )
    type = forms.ChoiceField(
        label="Type",
        choices=list(MEANINGS.items()),
        required=False,
        initial="keyword",
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
    on_disk = forms.BooleanField(
        label="Keep on disk",
        required=False,
        help_text="on_disk: saves memory; the first filters are slower.",
    )
    without_hnsw = forms.BooleanField(
        label="Leave out of the vector graph",
        required=False,
        help_text="enable_hnsw: false saves memory; vector search with this filter "
        "is slower.",
    )
    is_principal = forms.BooleanField(
        label="Most queries filter by this field",
        required=False,
        help_text="is_principal: Qdrant stores the points in the order of its values.",
    )
    phrase_matching = forms.BooleanField(
        label="Find phrases",
        required=False,
        help_text="phrase_matching: keeps the order of words; needs more memory.",
    )
    ascii_folding = forms.BooleanField(
        label="Ignore accents",
        required=False,
        help_text="ascii_folding: café is found as cafe.",
    )
    stemmer = forms.ChoiceField(
        label="Stemmer",
        choices=[("", "none"), *((name, name) for name in STEMMERS)],
        required=False,
        help_text="Finds words by their stem: running as run.",
    )
    stopword_languages = forms.CharField(
        label="Stopwords of languages",
        required=False,
        help_text="Such as english, german. Their common words are not indexed.",
    )
    stopwords = forms.CharField(
        label="Further stopwords",
        required=False,
        help_text=f"Separated by commas, up to {STOPWORD_MAX} characters each.",
    )

    def _field_at(self, path: str) -> str | None:
        for part, name in _STOPWORDS.items():
            if f"{part}." in f"{path}.":
                return name
        return super()._field_at(path)

    @property
    def indexed_field(self) -> str:
        """The field of the editor; empty if none was entered."""
        return str(self["original"].value() or self["field_name"].value() or "").strip()

    def schema(self) -> Raw:
        """Return the type with the parameters that are neither default nor off."""
        data = self.cleaned_data
        kind = data.get("type") or "keyword"
        given: Raw = {key: data.get(key) for key in (*self.raw, *_ADVANCED)}
        given["enable_hnsw"] = not data.get("without_hnsw")
        if data.get("stemmer"):
            given["stemmer"] = {"type": "snowball", "language": data["stemmer"]}
        given["stopwords"] = {
            "languages": _split(data.get("stopword_languages")),
            "custom": _split(data.get("stopwords")),
        }
        known = {k: v for k, v in given.items() if v not in (None, "")}
        return essential({"type": kind, **known})

    @property
    def cards(self) -> list[tuple[str, str, bool]]:
        """Return the types for the radio cards: value, meaning, is chosen."""
        chosen = self["type"].value() or "keyword"
        return [
            (value, meaning, value == chosen) for value, meaning in MEANINGS.items()
        ]

    @property
    def is_advanced(self) -> bool:
        """Whether an advanced field is filled in or has an error."""
        names = (*_ADVANCED, "without_hnsw", "stemmer", "stopword_languages")
        fields = [self[name] for name in (*names, "stopwords")]
        return any(field.value() or field.errors for field in fields)


def editor_values(field: str, schema: Mapping[str, Any], *, original: str) -> Raw:
    """Return the values of the fields for an index with these parameters."""
    kind = schema["type"]
    full = {**INDEX_DEFAULTS.get(kind, {}), **schema}
    words = full.get("stopwords") or {}
    if isinstance(words, str):
        words = {"languages": [words]}
    own = words if isinstance(words, dict) else {}
    stemmer = full.get("stemmer")
    return {
        **full,
        "original": original,
        "field_name": field,
        "without_hnsw": full.get("enable_hnsw") is False,
        "stemmer": stemmer.get("language", "") if isinstance(stemmer, dict) else "",
        "stopword_languages": _joined(own.get("languages")),
        "stopwords": _joined(own.get("custom")),
    }


def _joined(stored: Any) -> str:
    """Return a stored list as text; another program may have stored anything."""
    return ", ".join(map(str, stored)) if isinstance(stored, list) else ""


def as_input(values: Mapping[str, Any]) -> QueryDict:
    """Return values of the fields as a browser would send them; others are initial."""
    data = QueryDict(mutable=True)
    for name, field in IndexFields.base_fields.items():
        value = values.get(name, field.initial)
        if isinstance(field, forms.BooleanField):
            if value:
                data[name] = "on"
        elif value not in (None, "") and name != "base":
            data[name] = str(value)
    return data


def _split(text: str | None) -> list[str]:
    return [word for part in (text or "").split(",") if (word := part.strip())]
