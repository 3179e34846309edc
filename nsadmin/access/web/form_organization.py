"""The organization for which a form was made.

A person may belong to several organizations and switch in another tab. A form names the
one whose page it stands on, and is refused once another one is shown: an invitation or
a key would be made for the wrong organization.
"""

from typing import Final

from django.http import HttpRequest

from nsadmin.access.models import Organization
from nsadmin.access.permissions import Action
from nsadmin.access.web.step_up import remove_fields
from nsadmin.errors import Conflict

FIELD: Final = "form_organization"
# What belongs to no organization, or to the one that the address names.
_OF_NONE: Final = frozenset(
    {
        Action.ACCOUNT_USE,
        Action.SUPPORT_ASK,
        Action.SUPPORT_BREAK_GLASS,
        Action.PLATFORM_READ,
        Action.PLATFORM_MANAGE,
        Action.SEARCH_READ,
        Action.SCHEDULE_RUN,
        Action.DELETION_RELEASE,
        Action.STYLEGUIDE_READ,
    }
)
_NAMED: Final = ("namespace_id", "organization_id")


def require_same(request: HttpRequest, action: Action) -> None:
    """Raise Conflict for a form of another organization than the one that is shown.

    The field is removed from `request.POST`, so that the view gets the form as it was
    filled in. A form without the field, such as a program's, is taken as it is.
    """
    made_for = request.POST.get(FIELD)
    if made_for is None:
        return
    remove_fields(request, FIELD)
    match = request.resolver_match
    is_named = match is not None and any(key in match.kwargs for key in _NAMED)
    shown: Organization | None = getattr(request, "shown_organization", None)
    is_same = shown is not None and made_for == shown.organization_id
    if action in _OF_NONE or is_named or is_same:
        return
    raise Conflict(
        f"This form is of {_name(request, made_for)}, and another organization is "
        "shown since. Nothing was changed. Switch back, then send the form again.",
        code="other_organization",
    )


def _name(request: HttpRequest, organization_id: str) -> str:
    """Return the name of an organization of the person, else words for it."""
    mine = Organization.objects.filter(memberships__user=request.user.pk)
    found = mine.filter(organization_id=organization_id[:64]).first()
    return found.name if found is not None else "another organization"
