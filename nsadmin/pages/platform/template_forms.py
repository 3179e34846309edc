"""The form that saves a namespace's configuration as a template."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Action
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.pages.common.forms.one_time import OneTimeForm
from nsadmin.templates.fields import NewTemplate, parse_template
from nsadmin.templates.models import Scope, new_template_id

SCOPE_WORDS: Mapping[str, tuple[str, str]] = {
    Scope.ORGANIZATION: ("Organization", "Visible to everyone in the organization"),
    Scope.USER: ("Only you", "Visible to you, and to support during a session"),
    Scope.SYSTEM: ("Platform", "Visible to every organization"),
}


class TemplateForm(OneTimeForm):
    """Name, description and visibility of a template."""

    salt = "nsadmin.template-form"
    new_act_id = staticmethod(new_template_id)

    paths: ClassVar[Mapping[str, str]] = {"template_name": "name"}

    name = forms.CharField(
        label="Name",
        strip=False,
        error_messages={"required": "A template needs a name."},
        help_text="Up to 100 characters.",
    )
    description = forms.CharField(
        label="Description",
        required=False,
        strip=False,
        widget=forms.Textarea,
        help_text="If empty, the namespace's description is used.",
    )
    scope = forms.ChoiceField(label="Visible to", initial=Scope.ORGANIZATION.value)

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        """Offer the scopes that the actor may use."""
        super().__init__(*args, **kwargs)
        may_all = actor.may(Action.NAMESPACE_SYSTEM)
        choice: Any = self.fields["scope"]
        choice.choices = [
            (value, word)
            for value, (word, _) in SCOPE_WORDS.items()
            if may_all or value != Scope.SYSTEM
        ]

    @property
    def scope_cards(self) -> list[tuple[str, str, str, bool]]:
        """Return the scopes: value, word, meaning, is chosen."""
        offered: Any = self.fields["scope"]
        chosen = self["scope"].value()
        return [
            (value, word, SCOPE_WORDS[value][1], value == chosen)
            for value, word in offered.choices
        ]

    def wanted(self) -> NewTemplate:
        """Return the input as a new template, or raise Invalid."""
        data = self.cleaned_data
        body = {"template_name": data["name"], "scope": data["scope"]}
        described = data["description"].strip()
        return parse_template({**body, "description": described or None})

    @staticmethod
    def usual(namespace: Namespace) -> dict[str, str]:
        """Return the initial values of the form."""
        return {"name": namespace.name, "description": namespace.description or ""}
