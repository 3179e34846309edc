"""The forms of the organization's settings: a member, a role."""

from typing import Any

from django import forms

from nsadmin.access.models import NAME_MAX
from nsadmin.access.organization.invitations import new_invitation_id
from nsadmin.access.permissions import ORGANIZATION_ROLES, Role
from nsadmin.pages.common.forms.base import ChangeForm
from nsadmin.pages.common.forms.one_time import OneTimeForm
from nsadmin.pages.templatetags.formatting import role_word

ROLE_MEANINGS = {
    Role.ADMIN: "Everything: also create, delete, infrastructure, keys, members",
    Role.MEMBER: "Also change, index, append, repair and clone",
    Role.VIEWER: "Read",
}
ROLE_CHOICES = [(role.value, role_word(role)) for role in ORGANIZATION_ROLES]


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
        choices=ROLE_CHOICES,
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
        widget=forms.EmailInput({"spellcheck": "false"}),
        help_text="They join with a link.",
    )
    name = forms.CharField(
        label="Name",
        required=False,
        max_length=NAME_MAX,
        help_text="For a new account. Existing accounts keep their name.",
    )
    field_order = ("email", "name", "role")
