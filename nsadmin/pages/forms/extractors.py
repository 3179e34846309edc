"""The form that appends a builtin feature extractor."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms

from nsadmin.namespaces.declared import expected_vectors
from nsadmin.namespaces.document import Namespace
from nsadmin.namespaces.extractors import REGISTRY, Extractor, VectorIndex, offered
from nsadmin.namespaces.fields import NamespacePatch, parse_patch
from nsadmin.namespaces.queries import NamespaceView
from nsadmin.pages.forms.base import SheetForm

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


def offers(namespace: Namespace) -> list[Offer]:
    """Return the builtin extractors that the namespace does not have yet."""
    registered = {entry.id for entry in namespace.extractors}
    there = expected_vectors(namespace)
    return [
        Offer(
            extractor,
            extractor.vectors_for({}),
            frozenset(v.name for v in extractor.vectors if v.name in there),
            tuple(_key(extractor, name) for name in extractor.sized_by),
        )
        for extractor in REGISTRY.values()
        if extractor.id not in registered
    ]


def _key(extractor: Extractor, parameter: str) -> str:
    return f"{extractor.id}.{parameter}"


def _field(extractor: Extractor, parameter: str) -> forms.Field:
    """Return the field of a parameter; its value is judged by the registry."""
    values = list(extractor.sized_by[parameter])
    label = f"{_LABELS.get(parameter, parameter)} of {extractor.name}"
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


class ExtractorForm(SheetForm):
    """Which extractor, and the parameters that lock when it is registered."""

    paths: ClassVar[Mapping[str, str]] = {"params": "extractor", "0": "extractor"}

    extractor = forms.ChoiceField(
        label="Extractor",
        choices=[(extractor_id, extractor_id) for extractor_id in REGISTRY],
        error_messages={
            "required": "Choose an extractor.",
            "invalid_choice": "%(value)s is not a builtin feature extractor.",
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for extractor in REGISTRY.values():
            for name in extractor.sized_by:
                self.fields[_key(extractor, name)] = _field(extractor, name)

    @property
    def chosen(self) -> Extractor | None:
        """The extractor that is chosen, or None."""
        return REGISTRY.get(str(self["extractor"].value() or ""))

    def clean(self) -> dict[str, Any]:
        """Refuse a parameter that was emptied; one that was never sent is usual."""
        data: dict[str, Any] = self.cleaned_data
        extractor = self.chosen
        if extractor is None:
            return data
        for name in extractor.sized_by:
            key = _key(extractor, name)
            if key in self.data and not data.get(key):
                values = offered(extractor.sized_by[name])
                self.add_error(key, f"{self._label(name)} is empty. Give {values}.")
        return data

    def _label(self, parameter: str) -> str:
        return _LABELS.get(parameter, parameter)

    def chosen_parameters(self) -> dict[str, Any]:
        """Return what was typed or chosen for the chosen extractor's parameters."""
        extractor = REGISTRY[self.cleaned_data["extractor"]]
        found: dict[str, Any] = {}
        for name in extractor.sized_by:
            sent = str(self.cleaned_data.get(_key(extractor, name)) or "")
            if sent:
                is_number = isinstance(extractor.defaults[name], int)
                found[name] = int(sent) if is_number and _is_whole(sent) else sent
        return found

    @property
    def kept(self) -> list[tuple[str, str]]:
        """Return the choice with the parameters of the chosen extractor."""
        chosen = str(self.data.get("extractor", ""))
        names = [n for n in self.data if n == "extractor" or n.startswith(f"{chosen}.")]
        return [(name, str(self.data[name])) for name in names]

    def body(self) -> dict[str, Any]:
        """Return the body that appends the chosen extractor as the form has it."""
        extractor = self.chosen or next(iter(REGISTRY.values()))
        entry = {
            "feature_extractor_name": extractor.name,
            "version": extractor.version,
            "params": dict(extractor.defaults),
        }
        return {"feature_extractors": [entry]}

    def patch(self, view: NamespaceView) -> NamespacePatch:  # noqa: ARG002
        """Read the input as a patch, or raise Invalid."""
        extractor = REGISTRY[self.cleaned_data["extractor"]]
        entry = {
            "feature_extractor_name": extractor.name,
            "version": extractor.version,
            "params": self.chosen_parameters(),
        }
        return parse_patch({"feature_extractors": [entry]})

    def _field_at(self, path: str) -> str | None:
        last = path.rpartition(".")[2]
        if self.chosen is not None and last in self.chosen.sized_by:
            return _key(self.chosen, last)
        return super()._field_at(path)

    def _in_words(self, sentence: str) -> str:
        for name in self.chosen.sized_by if self.chosen else ():
            sentence = sentence.replace(f"{name} must", f"{self._label(name)} must")
        return sentence


def _is_whole(text: str) -> bool:
    """Tell whether this is a whole number that is not absurdly long."""
    return text.isascii() and text.isdigit() and len(text) < 10
