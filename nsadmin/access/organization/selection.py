"""Finding one of many organizations by the beginning of its name, a word or its id.

Every function reads a bounded number of rows.
"""

from collections.abc import Iterable
from typing import Final

from django.db import connection
from django.db.models import Q, QuerySet

from nsadmin import names
from nsadmin.access.models import Organization, User, name_key_of
from nsadmin.access.support import grants

# The longest text that is searched for, in characters.
LONGEST: Final = 100
# The number of organizations that a search returns.
FOUND: Final = 8
_ID_PREFIX = "org_"


def selectable(user: User) -> QuerySet[Organization]:
    """Return the organizations that a person may switch to.

    Staff have the operator's and those of their running support sessions, other users
    their own.
    """
    rows = Organization.objects.order_by("name_key", "pk")
    if user.platform_role:
        granted = grants.running().filter(user=user).values("organization_id")
        return rows.filter(Q(is_operator=True) | Q(pk__in=granted))
    return rows.filter(pk__in=user.memberships.order_by().values("organization_id"))


def may_switch(user: User, organization_id: str) -> bool:
    """Tell whether a person may switch to the organization."""
    return selectable(user).filter(organization_id=organization_id).exists()


def customers(without: Iterable[Organization]) -> QuerySet[Organization]:
    """Return all organizations but the operator's and a few others."""
    known = [organization.pk for organization in without]
    return every().filter(is_operator=False).exclude(pk__in=known)


def every() -> QuerySet[Organization]:
    """Return all organizations, which the platform's people see by name and id."""
    return Organization.objects.order_by("name_key", "pk")


def search(
    rows: QuerySet[Organization], text: str, limit: int = FOUND
) -> list[Organization]:
    """Return those that the text leads to, by name; without one the first.

    First come those whose name begins with it, then those whose id does, then those
    whose name contains it. Each look walks an index and ends with the last row that is
    needed; the last of them may walk all names.
    """
    wanted = names.folded(text.strip()[:LONGEST]).strip()
    if not wanted:
        return list(rows[:limit])
    looks = [begins("name_key", wanted), Q(name_key__contains=wanted)]
    if wanted.startswith(_ID_PREFIX):
        looks.insert(1, begins("organization_id", wanted))
    found: list[Organization] = []
    for condition in looks:
        if len(found) < limit:
            known = [organization.pk for organization in found]
            more = rows.filter(condition).exclude(pk__in=known)
            found += more[: limit - len(found)]
    return found


def named(text: str) -> Organization | None:
    """Return the organization with exactly this id or name, else with it folded.

    None if there is none, or if several names differ only in what folding takes away.
    """
    text = names.trimmed(text)[:LONGEST]
    if not text:
        return None
    for exact in (Q(organization_id=text), Q(name=text)):
        found = Organization.objects.filter(exact).first()
        if found is not None:
            return found
    same = list(Organization.objects.filter(name_key=name_key_of(text))[:2])
    return same[0] if len(same) == 1 else None


def begins(column: str, text: str) -> Q:
    """Return a condition that an index of the column answers on either database.

    PostgreSQL has one for patterns, and may order texts by the rules of a language;
    SQLite's LIKE ignores case, and its index does not.
    """
    if connection.vendor == "postgresql":
        return Q(**{f"{column}__startswith": text})
    return Q(**{f"{column}__gte": text, f"{column}__lt": text + names.LAST_CHARACTER})
