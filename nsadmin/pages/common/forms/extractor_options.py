"""The builtin extractors on offer, and form fields for their size parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms

from nsadmin.namespaces.plan.desired import expected_vectors
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.extractor_registry import Extractor, VectorIndex
from nsadmin.namespaces.schema.extractors import REGISTRY, allowed_values

# Up to this many sizes are offered as a list; more are entered as a number.
_LISTED = 20
_LABELS = {
    "embedding_model": "Embedding model",
    "model": "Model",
    "output_dimensionality": "Vector size",
}


@dataclass(frozen=True, slots=True)
class Offer:
    """An extractor that can be appended, with the vectors it would add.

    `parameters` are the names of the form fields that decide the vector sizes.
    """

    extractor: Extractor
    vectors: tuple[VectorIndex, ...]
    shared: frozenset[str]
    parameters: tuple[str, ...]

    @property
    def adds_vector(self) -> bool:
        """Whether the namespace would get a vector that it lacks."""
        return any(vector.name not in self.shared for vector in self.vectors)


def offers(namespace: Namespace | None) -> list[Offer]:
    """Return the builtin extractors that the namespace does not have yet.

    None stands for a namespace that does not exist yet.
    """
    registered = {entry.id for entry in namespace.extractors} if namespace else set()
    there = expected_vectors(namespace) if namespace else {}
    return [
        Offer(
            extractor,
            extractor.vectors_for({}),
            frozenset(v.name for v in extractor.vectors if v.name in there),
            tuple(key_of(extractor, name) for name in extractor.sized_by),
        )
        for extractor in REGISTRY.values()
        if extractor.id not in registered
    ]


def key_of(extractor: Extractor, parameter: str) -> str:
    """Return the name of the field that holds an extractor's parameter."""
    return f"{extractor.id}.{parameter}"


def parameter_fields() -> dict[str, forms.Field]:
    """Return a field for each parameter of each extractor, by its key."""
    return {
        key_of(extractor, name): _field(extractor, name)
        for extractor in REGISTRY.values()
        for name in extractor.sized_by
    }


def entry_of(extractor: Extractor, cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """Return an extractor as an entry of a patch, with its entered parameters."""
    params: dict[str, Any] = {}
    for name in extractor.sized_by:
        sent = str(cleaned.get(key_of(extractor, name)) or "")
        if sent:
            is_number = isinstance(extractor.defaults[name], int)
            params[name] = int(sent) if is_number and _is_whole(sent) else sent
    return {
        "feature_extractor_name": extractor.name,
        "version": extractor.version,
        "params": params,
    }


def emptied(form: forms.Form, extractor: Extractor) -> dict[str, str]:
    """Return {field: message} for the parameters that were emptied.

    A parameter that was not sent has its default.
    """
    found = {}
    for name, sizes in extractor.sized_by.items():
        key = key_of(extractor, name)
        if key in form.data and not form.cleaned_data.get(key):
            found[key] = f"{label_of(name)} is empty. Enter {allowed_values(sizes)}."
    return found


def label_of(parameter: str) -> str:
    """Return the label of a parameter."""
    return _LABELS.get(parameter, parameter)


def _field(extractor: Extractor, parameter: str) -> forms.Field:
    """Return the field of a parameter; the registry validates its value."""
    values = list(extractor.sized_by[parameter])
    label = f"{label_of(parameter)} of {extractor.name}"
    if len(values) <= _LISTED:
        pairs = [(str(value), str(value)) for value in values]
        widget: forms.Widget = forms.Select(choices=pairs)
        hint = ""
    else:
        widget = forms.NumberInput({"min": min(values), "max": max(values)})
        hint = f"{min(values):,} to {max(values):,}. Cannot be changed later."
    field = forms.CharField(
        label=label,
        required=False,
        initial=extractor.defaults[parameter],
        widget=widget,
        help_text=hint,
    )
    field.choices = getattr(widget, "choices", [])  # type: ignore[attr-defined]
    return field


def _is_whole(text: str) -> bool:
    """Return whether the text is a whole number of at most nine digits."""
    return text.isascii() and text.isdigit() and len(text) < 10
