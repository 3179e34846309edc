"""The turn of a run: it ends between two items, and the next goes on from there."""

from collections.abc import Iterator

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from nsadmin.errors import Invalid
from nsadmin.jobs import items
from nsadmin.jobs.models import ItemFailure, TurnPlace
from nsadmin.jobs.schedules import turn
from nsadmin.jobs.schedules.turn import Turn

pytestmark = pytest.mark.django_db
NAMES = [f"n{number}" for number in range(7)]


def _turn(names: list[str] = NAMES, share: str = "") -> Turn[str]:
    return Turn.of("test", reversed(names), key=str, share=share)


def _taken(of: Turn[str], most: int) -> list[str]:
    """The items of a turn whose time is over once so many of them were started."""
    taken: list[str] = []
    with turn.within(60, is_lost=lambda: len(taken) >= most):
        items.each("test", of, taken.append, key=str)
    return taken


def test_every_turn_starts_behind_the_last_one_and_goes_round():
    assert _taken(_turn(), 3) == ["n0", "n1", "n2"]
    assert _taken(_turn(), 3) == ["n3", "n4", "n5"]
    assert _taken(_turn(), 3) == ["n6", "n0", "n1"]
    assert TurnPlace.objects.get(loop="test").after == "n1"


def test_a_turn_with_time_meets_each_item_once_and_is_complete():
    assert _taken(_turn(), 2) == ["n0", "n1"]
    whole = _turn()
    assert _taken(whole, 99) == ["n2", "n3", "n4", "n5", "n6", "n0", "n1"]
    assert whole.is_complete
    assert TurnPlace.objects.get(loop="test").after == ""
    assert _taken(_turn(), 2) == ["n0", "n1"]


def test_outside_of_a_run_a_turn_has_no_end():
    assert list(turn.until_over(NAMES)) == NAMES == list(_turn())


def test_each_share_has_a_place_of_its_own():
    _taken(_turn(share="https://one"), 2)
    assert _taken(_turn(share="https://two"), 2) == ["n0", "n1"]
    assert _taken(_turn(share="https://one"), 2) == ["n2", "n3"]


def test_items_that_came_and_went_meanwhile_do_no_harm():
    _taken(_turn(), 3)
    assert _taken(_turn(["n1", "n25", "n9"]), 99) == ["n25", "n9", "n1"]
    _taken(_turn(["n8", "n9"]), 1)
    assert _taken(_turn(["n1", "n2"]), 99) == ["n1", "n2"]


def test_a_run_that_broke_off_goes_on_behind_the_item_that_it_was_at():
    def work(name: str) -> None:
        if name == "n2":
            raise SoftTimeLimitExceeded

    with pytest.raises(SoftTimeLimitExceeded):
        items.each("test", _turn(), work, key=str)
    assert _taken(_turn(), 2) == ["n3", "n4"]


def test_failures_of_items_that_are_gone_are_closed_by_a_complete_turn_alone():
    def refuse(_name: str) -> None:
        raise Invalid("Odd.")

    items.each("test", ["gone"], refuse, key=str)
    for most, still_open in ((3, 1), (99, 0)):
        whole, taken = _turn(), list[str]()
        with turn.within(60, is_lost=lambda: len(taken) >= most):  # noqa: B023
            items.each(
                "test",
                whole,
                taken.append,
                key=str,
                is_complete=lambda: whole.is_complete,  # noqa: B023
            )
        assert ItemFailure.objects.filter(resolved_at=None).count() == still_open


def test_an_item_whose_key_cannot_be_read_ends_no_turn():
    def read(_after: str) -> Iterator[str]:
        yield from ("a", "", "b")

    def key(name: str) -> str:
        if not name:
            raise KeyError("_id")
        return name

    assert _taken(Turn("odd", read, key=key), 99) == ["a", "", "b"]
