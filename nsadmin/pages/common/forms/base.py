"""Base forms: errors beside their fields, and edit conflicts."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.http import QueryDict

from nsadmin import names
from nsadmin.errors import Invalid, NsadminError
from nsadmin.namespaces.schema.document import Namespace

# The codes of errors that both limits of a number answer.
_OF_NUMBERS: Final = ("min_value", "max_value", "required")


@dataclass(frozen=True, slots=True)
class EditConflict:
    """A value that two people changed, with the text of each version.

    `choice` is `theirs`, `mine` or empty.
    """

    key: str
    label: str
    theirs: str
    mine: str
    opened: str
    choice: str

    @property
    def name(self) -> str:
        """The name of the radio buttons."""
        return f"keep-{self.key}"

    @property
    def gives_way(self) -> bool:
        """Whether the other person's change was chosen."""
        return self.choice == "theirs"


class BaseForm(forms.Form):
    """A form whose error messages, Django's included, are worded as elsewhere.

    No field has the attribute `maxlength`: browsers cut a longer pasted text without a
    word. The error names the limit and the length instead.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("maxlength", None)

    def add_error(self, field: str | None, error: Any) -> None:
        """Add an error to its field; messages about limits are replaced.

        Django's own name one limit of a number, and do not group the digits.
        """
        if isinstance(error, ValidationError) and not hasattr(error, "error_dict"):
            of = self.fields.get(field or "")
            error = ValidationError([_worded(one, of) for one in error.error_list])
        super().add_error(field, error)


def _worded(error: ValidationError, field: forms.Field | None) -> ValidationError:
    if error.code == "max_length" and error.params:
        longest, count = error.params["limit_value"], error.params["show_value"]
        return ValidationError(names.too_long(longest, count), code=error.code)
    if error.code not in _OF_NUMBERS or not isinstance(field, forms.IntegerField):
        return error
    least, most = field.min_value, field.max_value
    if least is None or most is None:
        return error
    message = f"Enter a number from {least:,} to {most:,}."
    return ValidationError(message, code=error.code)


class ChangeForm(BaseForm):
    """A form whose input becomes a patch.

    `paths` maps the path of an error to a field; `raw` lists fields whose keys are
    replaced by their labels in messages. `base` holds as JSON the values that were
    stored when the form was opened: unchanged values are not sent, and values that
    another person changed meanwhile are edit conflicts.
    """

    paths: ClassVar[Mapping[str, str]] = {}
    raw: ClassVar[tuple[str, ...]] = ()
    labels: ClassVar[Mapping[str, str]] = {}

    base = forms.CharField(required=False, widget=forms.HiddenInput)
    _blocking_job = ""

    @property
    def faulty_fields(self) -> list[BoundField]:
        """Return the fields with errors, in their order."""
        return [field for field in self if field.errors]

    @property
    def first_fault(self) -> str:
        """Return the name of the first field with an error, for the focus."""
        faulty = self.faulty_fields
        return faulty[0].html_name if faulty else ""

    @property
    def blocking_job(self) -> str:
        """Return the id of the job because of which the form was refused, else ""."""
        return self._blocking_job

    def take(self, error: NsadminError) -> None:
        """Add the error to its fields, or to the form if it has none."""
        self._blocking_job = str(error.details.get("task_id") or "")
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
        """Return the input as (name, value), for the hidden fields of the next step."""
        sent = self.data
        if not isinstance(sent, QueryDict):
            return []
        fields = [name for name in self.fields if name != "base"]
        return [(name, value) for name in fields for value in sent.getlist(name)]

    @property
    def kept_input(self) -> QueryDict:
        """Return the input of the form's own fields, for a plan to keep."""
        data = QueryDict(mutable=True)
        for name, value in self.kept:
            data.appendlist(name, value)
        return data

    # Edit conflicts ------------------------------------------------------------------

    def stored(self, namespace: Namespace) -> dict[str, Any]:  # noqa: ARG002
        """Return the stored values of this form's keys."""
        return {}

    def asked(self) -> dict[str, Any]:
        """Return the values of the valid input, by the keys of `stored`."""
        return {}

    def written_base(self, namespace: Namespace) -> str:
        """Return `base` as it was sent, or from the current namespace."""
        sent = str(self.data.get("base") or "")
        stored = self.stored(namespace)
        return sent or (json.dumps(stored) if stored else "")

    @property
    def opened(self) -> dict[str, Any]:
        """Return the values that were stored when the form was opened, if known."""
        try:
            found = json.loads(str(self.data.get("base") or "{}"))
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def gives_up(self) -> bool:
        """Return whether another person's change of any value was chosen."""
        return any(self.gives_way(key) for key in self.asked())

    def gives_way(self, key: str) -> bool:
        """Return whether another person's change of this value was chosen."""
        return self.data.get(f"keep-{key}") == "theirs"

    def touched(self) -> dict[str, Any]:
        """Return the changed values, without those given up in a conflict."""
        before = self.opened
        return {
            key: value
            for key, value in self.asked().items()
            if not (key in before and before[key] == value) and not self.gives_way(key)
        }

    def contested(self, namespace: Namespace) -> list[EditConflict]:
        """Return the values that both sides changed differently."""
        before, now = self.opened, self.stored(namespace)
        return [
            EditConflict(
                key=key,
                label=self.label_of(key),
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

    def label_of(self, key: str) -> str:
        """Return the words for a key of `stored`."""
        return self.labels.get(key, key)

    def text(self, key: str, value: Any) -> str:  # noqa: ARG002
        """Return a value as text for people."""
        if isinstance(value, bool):
            return "On" if value else "Off"
        return str(value) if value else "Empty"
