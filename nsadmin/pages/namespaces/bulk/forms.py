"""The forms of a change to several namespaces: what it is, then its confirmation."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.http import QueryDict

from nsadmin.access.actor import Actor
from nsadmin.bulk.asked import Asked, Kind, index_asked
from nsadmin.errors import Invalid
from nsadmin.pages.common.forms.base import ChangeForm
from nsadmin.pages.namespace.forms.expiry import EndForm
from nsadmin.pages.namespace.forms.index_fields import MEANINGS
from nsadmin.templates import service as templates


class AskForm(ChangeForm):
    """What a kind of change needs to know; most need nothing."""

    def change(self, kind: Kind) -> Asked:
        """Return the change; raise Invalid for input that is not allowed."""
        return Asked(kind)


class IndexForm(AskForm):
    """The field and the type of an index, which gets the parameters of its type."""

    field_name = forms.CharField(
        label="Field",
        error_messages={"required": "Enter the field to index."},
        widget=forms.TextInput({"spellcheck": "false", "autocapitalize": "none"}),
        help_text="Use dots for nested objects, as in rights.territory, [] for lists.",
    )
    type = forms.ChoiceField(
        label="Type",
        choices=[(key, f"{key}, {words}") for key, words in MEANINGS.items()],
        initial="keyword",
    )

    def change(self, kind: Kind) -> Asked:  # noqa: ARG002 - it is that of an index
        """Return the index; raise Invalid for a field that has no such name."""
        data = self.cleaned_data
        return index_asked(data["field_name"], data["type"], at="field_name")


class TemplateForm(AskForm):
    """The template whose extractors and indexes are added."""

    def __init__(self, actor: Actor, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.actor = actor
        self.choices = [(row.template_id, row.name) for row in templates.usable(actor)]
        self.fields["template"] = forms.ChoiceField(
            label="Template",
            choices=self.choices,
            error_messages={"required": "Choose a template."},
            help_text="Its extractors and indexes are added; nothing is removed.",
        )

    @property
    def has_choices(self) -> bool:
        """Whether there is a template to apply."""
        return bool(self.choices)

    def change(self, kind: Kind) -> Asked:
        """Return the template's configuration as it is now."""
        row = templates.get_usable(self.actor, self.cleaned_data["template"])
        return Asked(
            kind, template_name=row.name, configuration=dict(row.configuration)
        )


class ExpiryForm(EndForm):
    """The expiry that all of them get."""

    def change(self, kind: Kind) -> Asked:
        """Return the expiry; raise Invalid for a time that is not allowed."""
        end = self.end()
        return Asked(kind, expires_at=end and end.replace(microsecond=0))


Asking = AskForm | ExpiryForm
_Made = Callable[[Actor, QueryDict | None], Asking]
_FORMS: Mapping[Kind, _Made] = {
    "index": lambda _actor, data: IndexForm(data),
    "template": TemplateForm,
    "expiry": lambda _actor, data: ExpiryForm(data),
}


def needs_input(kind: Kind) -> bool:
    """Tell whether more must be asked before there is a plan."""
    return kind in _FORMS


def form_of(kind: Kind, actor: Actor, data: QueryDict | None) -> Asking:
    """Return the form of a kind."""
    made = _FORMS.get(kind)
    return made(actor, data) if made else AskForm(data)


class ConfirmForm(ChangeForm):
    """The namespaces of a change that are included, and how many those are.

    For a deletion their number has to be typed.
    """

    count = forms.IntegerField(
        label="Number of namespaces to delete",
        required=False,
        widget=forms.TextInput(
            {"inputmode": "numeric", "autocomplete": "off", "spellcheck": "false"}
        ),
    )

    def require_count(self, included: int) -> None:
        """Raise Invalid unless the typed number is that of the included namespaces."""
        typed: Any = self.cleaned_data.get("count")
        if typed != included:
            raise Invalid.at(
                "count", f"Type {included}, the number of namespaces to delete."
            )
