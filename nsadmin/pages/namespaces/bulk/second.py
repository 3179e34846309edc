"""What the pages of a change say of the second person whom it needs."""

from collections.abc import Collection
from dataclasses import dataclass

from django.http import HttpRequest

from nsadmin.access.organization import second_person
from nsadmin.access.organization.listing import contacts_for
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.bulk.models import BulkChange, BulkItem, State


@dataclass(frozen=True, slots=True)
class Second:
    """Who confirms what needs two people.

    `count` is the number of namespaces, `is_actor` says that the reader can be that
    person, `is_all` that nothing else is planned.
    """

    count: int
    is_actor: bool
    is_all: bool
    people: list[str]


def second_of(
    request: HttpRequest, change: BulkChange, rows: Collection[BulkItem]
) -> Second | None:
    """Return the second person that is needed still; None where one is enough."""
    planned = [row for row in rows if row.state == State.PLANNED]
    needing = [
        row
        for row in rows
        if row.state == State.WAITING
        or (row.needs_second and row.state == State.PLANNED)
    ]
    if not needing:
        return None
    maker = change.made_by_person
    return Second(
        count=len(needing),
        is_actor=second_person.may_confirm(gate.actor_of(request), maker),
        is_all=all(row.needs_second for row in planned),
        people=contacts_for(
            change.organization_id, Action.NAMESPACE_DELETE, besides=maker
        ),
    )
