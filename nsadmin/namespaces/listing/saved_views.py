"""Keeping lists of namespaces by name, each person their own in each organization."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from nsadmin import names
from nsadmin.access.actor import Actor
from nsadmin.access.models import ApiKey, ServiceAccount, User
from nsadmin.errors import Conflict, Invalid, NotFound
from nsadmin.namespaces.models.saved_views import (
    ADDRESS_MAX,
    VIEW_NAME_MAX,
    SavedView,
)
from nsadmin.namespaces.schema.text import name_key

MOST = 20  # views of a person in an organization


def views_of(actor: Actor, organization_id: str) -> list[SavedView]:
    """Return the person's views of the organization's list, by name."""
    return list(_own(actor, organization_id))


def get(actor: Actor, organization_id: str, view_id: str) -> SavedView:
    """Return a view of the person; raise NotFound for any other."""
    found = _own(actor, organization_id).filter(view_id=view_id).first()
    if found is None:
        raise NotFound("There is no such view.", details={"resource": "view"})
    return found


def save(
    actor: Actor, organization_id: str, name: str, address: str, *, is_default: bool
) -> SavedView:
    """Keep an address of the list under a name; one that is taken is replaced.

    Raises Invalid for a name that is not allowed, Conflict for one view too many.
    """
    cleaned = _cleaned(name)
    if len(address) > ADDRESS_MAX:
        raise Invalid.at("name", "These filters are too long to be saved.")
    with _alone(actor):
        own = _own(actor, organization_id)
        is_new = not own.filter(name_key=name_key(cleaned)).exists()
        if is_new and own.count() >= MOST:
            raise Conflict(f"You have {MOST} saved views. Delete one first.")
        if is_default:
            own.update(is_default=False)
        values: dict[str, Any] = {"name": cleaned, "address": address}
        view, _ = SavedView.objects.update_or_create(
            person=_person(actor),
            organization_id=organization_id,
            name_key=name_key(cleaned),
            defaults=values | ({"is_default": True} if is_default else {}),
        )
    return view


def rename(actor: Actor, organization_id: str, view_id: str, name: str) -> SavedView:
    """Give a view another name; raise Invalid for one that is taken or not allowed."""
    cleaned = _cleaned(name)
    with _alone(actor):
        view = get(actor, organization_id, view_id)
        others = _own(actor, organization_id).exclude(view_id=view_id)
        if others.filter(name_key=name_key(cleaned)).exists():
            raise Invalid.at("name", f"You have another view named {cleaned}.")
        view.name, view.name_key = cleaned, name_key(cleaned)
        view.save(update_fields=["name", "name_key"])
    return view


def delete(actor: Actor, organization_id: str, view_id: str) -> SavedView:
    """Delete a view."""
    with _alone(actor):
        view = get(actor, organization_id, view_id)
        _own(actor, organization_id).filter(view_id=view_id).delete()
    return view


def open_with(
    actor: Actor, organization_id: str, view_id: str, *, is_default: bool
) -> SavedView:
    """Open the list with this view from now on, or with none."""
    with _alone(actor):
        view = get(actor, organization_id, view_id)
        _own(actor, organization_id).update(is_default=False)
        view.is_default = is_default
        view.save(update_fields=["is_default"])
    return view


@contextmanager
def _alone(actor: Actor) -> Iterator[None]:
    """A transaction in which no other one changes the views of the person or key.

    What was just read of them then holds: which name is free, how many there are, and
    that the old default is none any more. SQLite has one writer at a time anyway.
    """
    with transaction.atomic():
        owner: QuerySet[User] | QuerySet[ApiKey] | QuerySet[ServiceAccount]
        if actor.service_account:
            owner = ServiceAccount.objects.filter(pk=actor.service_account)
        elif actor.person:
            owner = User.objects.filter(pk=actor.person)
        else:
            owner = ApiKey.objects.filter(key_id=actor.id)
        # The keys of other tables may go on to refer to the owner.
        owner.select_for_update(no_key=True).values_list("pk").first()
        yield


def _own(actor: Actor, organization_id: str) -> QuerySet[SavedView]:
    own = SavedView.objects.filter(person=_person(actor))
    return own.filter(organization_id=organization_id)


def _person(actor: Actor) -> str:
    """Return whose views they are: of a key its service account or its creator.

    A key with neither has its own.
    """
    return actor.service_account or actor.person or actor.id


def _cleaned(name: str) -> str:
    cleaned = names.clean(name, at="name")
    if not cleaned:
        raise Invalid.at("name", "Enter a name for the view.")
    if len(cleaned) > VIEW_NAME_MAX:
        raise Invalid.at("name", names.too_long(VIEW_NAME_MAX, len(cleaned)))
    return cleaned
