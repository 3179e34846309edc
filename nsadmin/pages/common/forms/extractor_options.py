"""The builtin extractors on offer, and the fields of what decides their sizes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms

from nsadmin.namespaces.plan.desired import expected_vectors
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.extractor_registry import Extractor, VectorIndex
from nsadmin.namespaces.schema.extractors import REGISTRY, allowed_values

# Offered as a list; a longer range of sizes is typed.
_LISTED = 20
_LABELS = {
    "embedding_model": "Embedding model",
    "model": "Model",
    "output_dimensionality": "Vector size",
}


@dataclass(frozen=True, slots=True)
class Offer:
    """An extractor that could be appended, with what it would bring.

    `parameters` name the form's fields of what decides its sizes.
    """

    extractor: Extractor
    vectors: tuple[VectorIndex, ...]
    shared: frozenset[str]
    parameters: tuple[str, ...]


def offers(namespace: Namespace | None) -> list[Offer]:
    """Return the builtin extractors that the namespace does not have yet.

    One that is not there yet has none.
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
    """Return an extractor with what was typed or chosen for its parameters."""
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
    """Return a sentence for each parameter that was emptied, by its key.

    One that was never sent is usual.
    """
    found = {}
    for name, sizes in extractor.sized_by.items():
        key = key_of(extractor, name)
        if key in form.data and not form.cleaned_data.get(key):
            found[key] = f"{label_of(name)} is empty. Give {allowed_values(sizes)}."
    return found


def label_of(parameter: str) -> str:
    """Return what a parameter is called."""
    return _LABELS.get(parameter, parameter)


def _field(extractor: Extractor, parameter: str) -> forms.Field:
    """Return the field of a parameter; its value is judged by the registry."""
    values = list(extractor.sized_by[parameter])
    label = f"{label_of(parameter)} of {extractor.name}"
    if len(values) <= _LISTED:
        pairs = [(str(value), str(value)) for value in values]
        widget: forms.Widget = forms.Select(choices=pairs)
        hint = ""
    else:
        widget = forms.NumberInput({"min": min(values), "max": max(values)})
        hint = f"{min(values):,} to {max(values):,}. Locks."
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
    """Tell whether this is a whole number that is not absurdly long."""
    return text.isascii() and text.isdigit() and len(text) < 10
