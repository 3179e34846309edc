"""The form that appends a builtin feature extractor."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms

from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema.extractor_registry import Extractor
from nsadmin.namespaces.schema.extractors import REGISTRY
from nsadmin.namespaces.schema.patch import NamespacePatch, parse_patch
from nsadmin.pages.common.forms.base import ChangeForm
from nsadmin.pages.common.forms.extractor_options import (
    emptied,
    entry_of,
    key_of,
    label_of,
    parameter_fields,
)


class ExtractorForm(ChangeForm):
    """The extractor to append, and its parameters, which cannot be changed later."""

    paths: ClassVar[Mapping[str, str]] = {"params": "extractor", "0": "extractor"}

    extractor = forms.ChoiceField(
        label="Extractor",
        choices=[(extractor_id, extractor_id) for extractor_id in REGISTRY],
        error_messages={
            "required": "Choose an extractor.",
            "invalid_choice": "%(value)s is not a built-in feature extractor.",
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.update(parameter_fields())

    @property
    def chosen(self) -> Extractor | None:
        """The extractor that is chosen, or None."""
        return REGISTRY.get(str(self["extractor"].value() or ""))

    def clean(self) -> dict[str, Any]:
        """Refuse an emptied parameter; one that was not sent has its default."""
        data: dict[str, Any] = self.cleaned_data
        extractor = self.chosen
        if extractor is None:
            return data
        for key, sentence in emptied(self, extractor).items():
            self.add_error(key, sentence)
        return data

    @property
    def kept(self) -> list[tuple[str, str]]:
        """Return the chosen extractor and its parameters as (name, value)."""
        chosen = str(self.data.get("extractor", ""))
        names = [n for n in self.data if n == "extractor" or n.startswith(f"{chosen}.")]
        return [(name, str(self.data[name])) for name in names]

    def body(self) -> dict[str, Any]:
        """Return the body of the API call that appends the chosen extractor."""
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
        entry = entry_of(extractor, self.cleaned_data)
        return parse_patch({"feature_extractors": [entry]})

    def _field_at(self, path: str) -> str | None:
        last = path.rpartition(".")[2]
        if self.chosen is not None and last in self.chosen.sized_by:
            return key_of(self.chosen, last)
        return super()._field_at(path)

    def _in_words(self, sentence: str) -> str:
        for name in self.chosen.sized_by if self.chosen else ():
            sentence = sentence.replace(f"{name} must", f"{label_of(name)} must")
        return sentence
