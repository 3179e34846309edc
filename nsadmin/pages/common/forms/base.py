"""What the forms share: faults beside their fields, and what others did meanwhile."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.http import QueryDict

from nsadmin import names
from nsadmin.errors import Invalid, NsadminError
from nsadmin.namespaces.schema.document import Namespace


@dataclass(frozen=True, slots=True)
class EditConflict:
    """Something that two people changed; the texts are what each of them wants.

    `name` is the radio buttons', `choice` what was chosen: theirs, mine or nothing yet.
    """

    name: str
    label: str
    theirs: str
    mine: str
    opened: str
    choice: str

    @property
    def gives_way(self) -> bool:
        """Whether the other's change was chosen."""
        return self.choice == "theirs"


class BaseForm(forms.Form):
    """A form whose faults are said in our words, Django's own ones too."""

    def add_error(self, field: str | None, error: Any) -> None:
        """Put an error beside its field; a text that is too long says so as elsewhere.

        Django formats a field's message without grouping its numbers.
        """
        if isinstance(error, ValidationError) and not hasattr(error, "error_dict"):
            error = ValidationError([_grouped_numbers(one) for one in error.error_list])
        super().add_error(field, error)


def _grouped_numbers(error: ValidationError) -> ValidationError:
    if error.code != "max_length" or not error.params:
        return error
    longest, count = error.params["limit_value"], error.params["show_value"]
    return ValidationError(names.too_long(longest, count), code=error.code)


class ChangeForm(BaseForm):
    """A form whose input becomes a patch.

    `paths` maps a fault's path to a field, `raw` names the fields whose keys stand in
    sentences and are written as their labels. `base` says as JSON what was stored when
    the form was opened: what was not touched is not sent, and what somebody else
    changed meanwhile as well is contested.
    """

    paths: ClassVar[Mapping[str, str]] = {}
    raw: ClassVar[tuple[str, ...]] = ()
    labels: ClassVar[Mapping[str, str]] = {}

    base = forms.CharField(required=False, widget=forms.HiddenInput)

    @property
    def faulty_fields(self) -> list[BoundField]:
        """Return the fields that need a correction, in their order."""
        return [field for field in self if field.errors]

    @property
    def first_fault(self) -> str:
        """Name the first field that needs a correction, for the focus."""
        faulty = self.faulty_fields
        return faulty[0].html_name if faulty else ""

    def take(self, error: NsadminError) -> None:
        """Put the error beside the fields it is about, else on top of the form."""
        faults = error.errors if isinstance(error, Invalid) else {}
        field = error.details.get("field")
        if isinstance(field, str):
            faults = {field: [error.message]}
        for path, sentences in (faults or {"": [error.message]}).items():
            for sentence in sentences:
                self.add_error(self._field_at(path), self._in_words(sentence))

    def _field_at(self, path: str) -> str | None:
        last = path.rpartition(".")[2]
        name = self.paths.get(last, last)
        return name if name in self.fields else None

    def _in_words(self, sentence: str) -> str:
        for name in self.raw:
            label = f"“{self.fields[name].label}”"
            sentence = re.sub(rf"\b{name}\b", label, sentence)
        return sentence

    @property
    def kept(self) -> list[tuple[str, str]]:
        """Return the input as it was sent, for the hidden fields of the next step."""
        sent = self.data
        if not isinstance(sent, QueryDict):
            return []
        fields = [name for name in self.fields if name != "base"]
        return [(name, value) for name in fields for value in sent.getlist(name)]

    # What others did meanwhile -------------------------------------------------------

    def stored(self, namespace: Namespace) -> dict[str, Any]:  # noqa: ARG002
        """Return what is stored of all that this form changes, by key."""
        return {}

    def asked(self) -> dict[str, Any]:
        """Return what the valid input asks for, by the same keys."""
        return {}

    def written_base(self, namespace: Namespace) -> str:
        """Return `base`: as it was sent, else as the namespace is now."""
        sent = str(self.data.get("base") or "")
        stored = self.stored(namespace)
        return sent or (json.dumps(stored) if stored else "")

    @property
    def opened(self) -> dict[str, Any]:
        """Return what was stored when the form was opened; empty if nobody says."""
        try:
            found = json.loads(str(self.data.get("base") or "{}"))
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def gives_up(self) -> bool:
        """Return whether the other's change of anything was chosen."""
        return any(self.gives_way(key) for key in self.asked())

    def gives_way(self, key: str) -> bool:
        """Return whether the other's change of this was chosen."""
        return self.data.get(f"keep-{key}") == "theirs"

    def touched(self) -> dict[str, Any]:
        """Return what was changed in the form and is not given up, by key."""
        before = self.opened
        return {
            key: value
            for key, value in self.asked().items()
            if not (key in before and before[key] == value) and not self.gives_way(key)
        }

    def contested(self, namespace: Namespace) -> list[EditConflict]:
        """Return what both sides changed, each to something else."""
        before, now = self.opened, self.stored(namespace)
        return [
            EditConflict(
                name=f"keep-{key}",
                label=self.labels.get(key, key),
                theirs=self.text(key, now[key]),
                mine=self.text(key, mine),
                opened=self.text(key, before[key]),
                choice=str(self.data.get(f"keep-{key}") or ""),
            )
            for key, mine in self.asked().items()
            if key in before
            and key in now
            and now[key] != before[key]
            and mine not in (before[key], now[key])
        ]

    def text(self, key: str, value: Any) -> str:  # noqa: ARG002
        """Write a value for people."""
        if isinstance(value, bool):
            return "On" if value else "Off"
        return str(value) if value else "Nothing"
