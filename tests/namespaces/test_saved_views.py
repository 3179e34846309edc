"""Saved views at the database: two requests of one person at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.db import connection, transaction

from nsadmin.access.actor import Actor
from nsadmin.access.organization.organizations import actor_of_user
from nsadmin.errors import Conflict, Invalid
from nsadmin.namespaces.listing import saved_views
from nsadmin.namespaces.models import SavedView
from tests.cast import Cast

# Each of the two opens the database by itself: one in memory refuses the second at once.
pytestmark = pytest.mark.usefixtures("shared_rows")
# How long the second request has to come as far as it can before the first one ends.
_HELD_S = 0.5
Act = Callable[[], object]


@pytest.fixture
def person(cast: Cast) -> Actor:
    found = actor_of_user(cast.users["admin"], None)
    assert found is not None
    return found


def at_once(first: Act, second: Act) -> object:
    """Begin the second while the first has not been committed; return its result."""
    has_written = Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                first()
                has_written.set()
                Event().wait(_HELD_S)
        finally:
            has_written.set()
            connection.close()

    def follow() -> object:
        try:
            assert has_written.wait(20)
            return second()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        held, followed = pool.submit(hold), pool.submit(follow)
        held.result()
        return followed.result()


def saving(person: Actor, name: str, *, is_default: bool) -> Act:
    return lambda: saved_views.save(
        person, person.organization_id, name, f"search={name}", is_default=is_default
    )


def test_of_two_defaults_at_once_the_later_one_is_the_default(person: Actor) -> None:
    at_once(
        saving(person, "one", is_default=True), saving(person, "two", is_default=True)
    )
    kept = dict(SavedView.objects.values_list("name", "is_default"))
    assert kept == {"one": False, "two": True}


def test_a_choice_of_a_default_waits_for_one_that_is_saved(person: Actor) -> None:
    old = saved_views.save(person, person.organization_id, "old", "", is_default=False)

    def choose() -> SavedView:
        return saved_views.open_with(
            person, person.organization_id, old.view_id, is_default=True
        )

    at_once(saving(person, "new", is_default=True), choose)
    kept = dict(SavedView.objects.values_list("name", "is_default"))
    assert kept == {"old": True, "new": False}


def test_one_name_at_once_is_one_view(person: Actor) -> None:
    at_once(
        saving(person, "one", is_default=False), saving(person, "ONE", is_default=True)
    )
    kept = SavedView.objects.get()
    assert (kept.name, kept.address, kept.is_default) == ("ONE", "search=ONE", True)


def test_a_name_that_was_just_taken_is_refused(person: Actor) -> None:
    old = saved_views.save(person, person.organization_id, "old", "", is_default=False)

    def rename() -> None:
        with pytest.raises(Invalid, match="another view named new"):
            saved_views.rename(person, person.organization_id, old.view_id, "new")

    at_once(saving(person, "new", is_default=False), rename)
    assert set(SavedView.objects.values_list("name", flat=True)) == {"old", "new"}


def test_two_at_once_keep_to_the_most(person: Actor) -> None:
    for n in range(saved_views.MOST - 1):
        saving(person, f"view {n}", is_default=False)()

    def one_too_many() -> None:
        with pytest.raises(Conflict):
            saving(person, "too many", is_default=False)()

    at_once(saving(person, "the last", is_default=False), one_too_many)
    assert SavedView.objects.count() == saved_views.MOST
