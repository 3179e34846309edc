"""Finding one of many organizations by the beginning of its name, a word or its id.

Every function reads a bounded number of rows.
"""

from typing import Final

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from nsadmin import names
from nsadmin.access.models import Membership, Organization, User
from nsadmin.access.support import grants

# The longest text that is searched for, in characters.
LONGEST: Final = 100
# The number of organizations that a search returns.
FOUND: Final = 8
_LAST = "\U0010ffff"


def selectable(user: User) -> QuerySet[Organization]:
    """Return the organizations that a person may switch to.

    Staff have the operator's and those of their running support sessions, other users
    their own.
    """
    rows = Organization.objects.order_by("name_key", "pk")
    if user.platform_role:
        granted = grants.running().filter(user=user).values("organization_id")
        return rows.filter(Q(is_operator=True) | Q(pk__in=granted))
    own = Membership.objects.filter(user=user, organization=OuterRef("pk"))
    return rows.filter(Exists(own))


def every() -> QuerySet[Organization]:
    """Return all organizations, which the platform's people see by name and id."""
    return Organization.objects.order_by("name_key", "pk")


def search(
    rows: QuerySet[Organization], text: str, limit: int = FOUND
) -> list[Organization]:
    """Return those whose name or id begins with the text, then those that contain it.

    The beginnings are found by an index; the second look ends with the last row that
    is needed. Without a text these are the first by name.
    """
    wanted = names.folded(text.strip()[:LONGEST]).strip()
    if not wanted:
        return list(rows[:limit])
    begins = _begins("name_key", wanted) | _begins("organization_id", wanted)
    found = list(rows.filter(begins)[:limit])
    if len(found) < limit:
        known = [organization.pk for organization in found]
        inside = rows.filter(name_key__contains=wanted).exclude(pk__in=known)
        found += inside[: limit - len(found)]
    return found


def named(text: str) -> Organization | None:
    """Return the organization with exactly this id or, whatever its case, this name."""
    text = text.strip()[:LONGEST]
    by_id = Organization.objects.filter(organization_id=text).first()
    if by_id is not None or not text:
        return by_id
    same = list(Organization.objects.filter(name_key=names.folded(text))[:2])
    return same[0] if len(same) == 1 else None


def _begins(column: str, text: str) -> Q:
    """Return a condition that an index of the column answers on either database.

    PostgreSQL has one for patterns; SQLite's LIKE ignores case and its index does not.
    """
    if connection.vendor == "postgresql":
        return Q(**{f"{column}__startswith": text})
    return Q(**{f"{column}__gte": text, f"{column}__lt": f"{text}{_LAST}"})
