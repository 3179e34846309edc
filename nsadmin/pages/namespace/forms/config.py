"""The form that takes a configuration as YAML, from a file or as text."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict

from nsadmin.errors import Invalid, NsadminError
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema import config
from nsadmin.namespaces.schema.patch import NamespacePatch
from nsadmin.namespaces.schema.yaml_text import MAX_BYTES
from nsadmin.pages.common.forms.base import ChangeForm
from nsadmin.pages.templatetags.formatting import spelled

_EXCERPT = 160


@dataclass(frozen=True, slots=True)
class LineFault:
    """What is wrong in a line, beside the line itself."""

    number: int
    text: str
    sentences: list[str]


class ConfigForm(ChangeForm):
    """A file wins over the text; what was in it becomes the text from then on."""

    config = forms.CharField(
        label="Configuration",
        strip=False,
        error_messages={"required": "Choose a file, or write the configuration here."},
        widget=forms.Textarea(
            {"spellcheck": "false", "autocapitalize": "none", "wrap": "off"}
        ),
        help_text="A section that is left out stays as it is; a list is the whole list "
        f"as wanted. At most {MAX_BYTES // 1024} KiB.",
    )

    file = forms.FileField(label="File", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Begin without faults."""
        super().__init__(*args, **kwargs)
        self.line_faults: list[LineFault] = []

    @classmethod
    def sent(cls, data: QueryDict, file: "UploadedFile[bytes] | None") -> "ConfigForm":
        """Return the form as it was sent; an unreadable file is a fault of its own."""
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

    def patch(self, view: NamespaceView) -> NamespacePatch:
        """Read the text against the namespace as it is now, or raise Invalid."""
        found = config.from_yaml(self.cleaned_data["config"])
        return config.patch_of(found, view.namespace)

    def take(self, error: NsadminError) -> None:
        """Put faults beside their lines; those of the plan stand there as well."""
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
    """Return the text of a file and what is wrong with it."""
    if file.size is None or file.size > MAX_BYTES:
        return "", f"The file has more than {MAX_BYTES // 1024} KiB."
    try:
        return file.read().decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        return "", "The file is not text in UTF-8."
