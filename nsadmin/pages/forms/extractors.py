"""The form that appends a builtin feature extractor."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms

from nsadmin.namespaces.declared import expected_vectors
from nsadmin.namespaces.document import Namespace
from nsadmin.namespaces.extractors import REGISTRY, Extractor, VectorIndex
from nsadmin.namespaces.fields import NamespacePatch, parse_patch
from nsadmin.namespaces.queries import NamespaceView
from nsadmin.pages.forms.base import SheetForm

# Offered as a list; a longer range of sizes is typed.
_LISTED = 20


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter that decides sizes; `values` is empty where a number is typed."""

    name: str
    field: str
    default: object
    values: tuple[object, ...]
    lowest: object
    highest: object


@dataclass(frozen=True, slots=True)
class Offer:
    """An extractor that could be appended, with what it would bring."""

    extractor: Extractor
    vectors: tuple[VectorIndex, ...]
    shared: frozenset[str]
    parameters: tuple[Parameter, ...]


def offers(namespace: Namespace) -> list[Offer]:
    """Return the builtin extractors that the namespace does not have yet."""
    registered = {entry.id for entry in namespace.extractors}
    there = expected_vectors(namespace)
    return [
        Offer(
            extractor,
            extractor.vectors_for({}),
            frozenset(v.name for v in extractor.vectors if v.name in there),
            tuple(_parameter(extractor, name) for name in extractor.sized_by),
        )
        for extractor in REGISTRY.values()
        if extractor.id not in registered
    ]


def _parameter(extractor: Extractor, name: str) -> Parameter:
    values = tuple(extractor.sized_by[name])
    return Parameter(
        name=name,
        field=f"{extractor.id}.{name}",
        default=extractor.defaults[name],
        values=values if len(values) <= _LISTED else (),
        lowest=values[0],
        highest=values[-1],
    )


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

    def chosen_parameters(self) -> dict[str, Any]:
        """Return what was typed or chosen for the chosen extractor's parameters."""
        extractor = REGISTRY[self.cleaned_data["extractor"]]
        found: dict[str, Any] = {}
        for name in extractor.sized_by:
            sent = str(self.data.get(f"{extractor.id}.{name}", "")).strip()
            if sent:
                is_number = isinstance(extractor.defaults[name], int)
                found[name] = int(sent) if is_number and sent.isdigit() else sent
        return found

    @property
    def kept(self) -> list[tuple[str, str]]:
        """Return the choice with the parameters of the chosen extractor."""
        chosen = str(self.data.get("extractor", ""))
        names = [n for n in self.data if n == "extractor" or n.startswith(f"{chosen}.")]
        return [(name, str(self.data[name])) for name in names]

    def patch(self, view: NamespaceView) -> NamespacePatch:  # noqa: ARG002
        """Read the input as a patch, or raise Invalid."""
        extractor = REGISTRY[self.cleaned_data["extractor"]]
        entry = {
            "feature_extractor_name": extractor.name,
            "version": extractor.version,
            "params": self.chosen_parameters(),
        }
        return parse_patch({"feature_extractors": [entry]})
