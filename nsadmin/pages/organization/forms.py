"""The forms of the organization's settings: a member, a role, an API key."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar

from django import forms
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.models import NAME_MAX
from nsadmin.access.organization.invitations import new_invitation_id
from nsadmin.access.organization.key_management import KeyRequest, grantable
from nsadmin.access.organization.keys import new_key_id
from nsadmin.access.permissions import ORGANIZATION_ROLES, SCOPES, Role
from nsadmin.pages.common.forms.base import ChangeForm
from nsadmin.pages.common.forms.one_time import OneTimeForm
from nsadmin.pages.templatetags.formatting import role_word

ROLE_MEANINGS = {
    Role.ADMIN: "Everything: also create, delete, infrastructure, keys, members",
    Role.MEMBER: "Also change, index, append, repair and clone",
    Role.VIEWER: "Read",
}
SCOPE_MEANINGS = {
    "read": "Read everything",
    "write": "Also change, index, append, clone",
    "delete": "Also delete namespaces",
    "admin": "Everything that the role allows",
}
_ROLES = [(role.value, role_word(role)) for role in ORGANIZATION_ROLES]
_DAYS = {"30": 30, "90": 90, "365": 365}
_EXPIRIES = [
    ("30", "In 30 days"),
    ("90", "In 90 days"),
    ("365", "In a year"),
    ("date", "On a date"),
    ("never", "Never"),
]


def role_cards(form: forms.Form) -> list[tuple[str, str, str, bool]]:
    """Return the roles that the form offers: value, word, meaning, is chosen."""
    field = form["role"]
    offered: Any = field.field
    return [
        (value, role_word(value), ROLE_MEANINGS[Role(value)], field.value() == value)
        for value, _ in offered.choices
    ]


class RoleForm(ChangeForm):
    """The role of a member."""

    role = forms.ChoiceField(
        label="Role",
        choices=_ROLES,
        initial=Role.VIEWER.value,
        error_messages={"required": "Choose a role."},
    )


class MemberForm(OneTimeForm, RoleForm):
    """An invitation: e-mail address, name for a new account, role."""

    salt = "nsadmin.member-form"
    new_act_id = staticmethod(new_invitation_id)

    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        error_messages={"required": "Enter an e-mail address."},
        widget=forms.EmailInput({"maxlength": 254, "spellcheck": "false"}),
        help_text="They join with a link.",
    )
    name = forms.CharField(
        label="Name",
        required=False,
        max_length=NAME_MAX,
        widget=forms.TextInput({"maxlength": NAME_MAX}),
        help_text="For a new account. Existing accounts keep their name.",
    )
    field_order = ("email", "name", "role")


class KeyForm(OneTimeForm):
    """A new API key."""

    salt = "nsadmin.key-form"
    paths: ClassVar[Mapping[str, str]] = {"expires_at": "expires_on"}
    new_act_id = staticmethod(new_key_id)

    name = forms.CharField(
        label="Name",
        max_length=NAME_MAX,
        error_messages={"required": "Enter a name for the key."},
        widget=forms.TextInput({"maxlength": NAME_MAX}),
        help_text="The program that uses it, such as “nightly import”.",
    )
    role = forms.ChoiceField(label="Role", choices=_ROLES, initial=Role.MEMBER.value)
    scopes = forms.MultipleChoiceField(
        label="Scopes",
        choices=[(scope, scope) for scope in SCOPES],
        initial=["read"],
        error_messages={"required": "Choose at least one scope."},
    )
    expires = forms.ChoiceField(label="Expires", choices=_EXPIRIES, initial="90")
    expires_on = forms.DateField(
        label="Date",
        required=False,
        widget=forms.DateInput({"type": "date"}),
        help_text="The key expires at the end of this day (UTC).",
    )

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = grantable(actor)
        choice: Any = self.fields["role"]
        choice.choices = [(role.value, role_word(role)) for role in roles]

    @property
    def scope_cards(self) -> list[tuple[str, str, bool]]:
        """Return the scopes: value, meaning, is chosen."""
        chosen = self["scopes"].value() or []
        return [(s, SCOPE_MEANINGS[s], s in chosen) for s in SCOPES]

    def clean(self) -> dict[str, Any]:
        """Require the form's signed id, and a date if one was chosen."""
        data = super().clean()
        if data.get("expires") == "date" and "expires_on" not in self.errors:
            day: date | None = data.get("expires_on")
            if day is None:
                self.add_error("expires_on", "Enter the last day of the key.")
        return data

    def wish(self) -> KeyRequest:
        """Return the valid input as a request for a key."""
        data = self.cleaned_data
        return KeyRequest(
            key_id=self.act_id,
            name=data["name"],
            role=Role(data["role"]),
            scopes=frozenset(data["scopes"]),
            expires_at=_end(data["expires"], data["expires_on"]),
        )


def _end(chosen: str, day: date | None) -> datetime | None:
    if chosen == "date" and day is not None:
        return datetime.combine(day, time(23, 59, 59), UTC)
    days = _DAYS.get(chosen)
    return timezone.now() + timedelta(days=days) if days else None
