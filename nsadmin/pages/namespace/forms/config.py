"""The form that takes a configuration as YAML, from a file or as text."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict

from nsadmin.errors import Invalid, NsadminError
from nsadmin.namespaces.plan.patch_request import PatchRequest
from nsadmin.namespaces.read import configuration
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema import config
from nsadmin.namespaces.schema.yaml_text import MAX_BYTES
from nsadmin.pages.common.forms.base import ChangeForm
from nsadmin.pages.templatetags.formatting import spelled

_EXCERPT = 160


@dataclass(frozen=True, slots=True)
class LineFault:
    """The errors of a line, with its number and text."""

    number: int
    text: str
    sentences: list[str]


class ConfigForm(ChangeForm):
    """The configuration as text; an uploaded file replaces the text."""

    config = forms.CharField(
        label="Configuration",
        strip=False,
        error_messages={"required": "Choose a file or enter the configuration."},
        widget=forms.Textarea(
            {"spellcheck": "false", "autocapitalize": "none", "wrap": "off"}
        ),
        help_text="Omitted sections stay unchanged; a list replaces the whole list. "
        f"At most {MAX_BYTES // 1024} KiB.",
    )

    file = forms.FileField(label="File", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Start without errors of lines."""
        super().__init__(*args, **kwargs)
        self.line_faults: list[LineFault] = []

    @classmethod
    def sent(cls, data: QueryDict, file: "UploadedFile[bytes] | None") -> "ConfigForm":
        """Return the submitted form; an unreadable file adds an error."""
        fault = ""
        if file is not None and data.get("step", "preview") == "preview":
            data = data.copy()
            text, fault = _text_of(file)
            data["config"] = text or data.get("config", "")
        form = cls(data)
        if fault:
            form.fields["config"].required = False  # the file was to be the text
            form.add_error("file", fault)
        return form

    def wanted(self, view: NamespaceView) -> PatchRequest:
        """Return what the text asks for now, or raise Invalid."""
        parsed = config.from_yaml(self.cleaned_data["config"])
        return configuration.request_of(parsed, view.namespace).wanted

    def take(self, error: NsadminError) -> None:
        """Add errors to their lines, those of the plan included."""
        if not isinstance(error, Invalid):
            super().take(error)
            return
        text = self.cleaned_data["config"]
        if not all(place.startswith("line ") for place in error.errors or {"": []}):
            error = config.with_line_numbers(error, config.from_yaml(text))
        lines = text.splitlines()
        for place, sentences in error.errors.items():
            number = int(place.removeprefix("line "))
            line = lines[number - 1] if number <= len(lines) else ""
            self.line_faults.append(LineFault(number, line[:_EXCERPT], sentences))
        self.line_faults.sort(key=lambda fault: fault.number)
        count = len(self.line_faults)
        lines_need = "line needs" if count == 1 else "lines need"
        sentence = f"{spelled(count).capitalize()} {lines_need} a correction."
        self.add_error("config", sentence)


def _text_of(file: "UploadedFile[bytes]") -> tuple[str, str]:
    """Return the text of a file and its error; one of the two is empty."""
    if file.size is None or file.size > MAX_BYTES:
        return "", f"The file is larger than {MAX_BYTES // 1024} KiB."
    try:
        return file.read().decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        return "", "The file is not UTF-8 text."
