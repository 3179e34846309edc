"""What the forms share: which fields are wrong, and faults that the rooms found."""

from collections.abc import Mapping
from typing import ClassVar

from django import forms
from django.forms.boundfield import BoundField
from django.http import QueryDict

from nsadmin.errors import Invalid, NsadminError


class SheetForm(forms.Form):
    """A form whose input becomes a patch; `paths` maps a fault's path to a field."""

    paths: ClassVar[Mapping[str, str]] = {}

    @property
    def faulty_fields(self) -> list[BoundField]:
        """Return the fields that need a correction, in their order."""
        return [field for field in self if field.errors]

    def take(self, error: NsadminError) -> None:
        """Put the error beside the fields it is about, else on top of the form."""
        faults = error.faults if isinstance(error, Invalid) else {}
        field = error.details.get("field")
        if isinstance(field, str):
            faults = {field: [error.sentence]}
        for path, sentences in (faults or {"": [error.sentence]}).items():
            for sentence in sentences:
                self.add_error(self._field_at(path), sentence)

    def _field_at(self, path: str) -> str | None:
        last = path.rpartition(".")[2]
        name = self.paths.get(last, last)
        return name if name in self.fields else None

    @property
    def kept(self) -> list[tuple[str, str]]:
        """Return the input as it was sent, for the hidden fields of the next step."""
        sent = self.data
        if not isinstance(sent, QueryDict):
            return []
        return [(name, value) for name in self.fields for value in sent.getlist(name)]
