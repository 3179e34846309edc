"""Loops over items: one that fails is recorded, and the others go on."""

import logging
from collections.abc import Callable

import pytest
from django.db import DataError, OperationalError
from django.utils import timezone

from nsadmin.errors import Invalid, Unavailable
from nsadmin.jobs import items
from nsadmin.jobs.models import ItemFailure

pytestmark = pytest.mark.django_db


def _failing(reasons: dict[str, Exception]) -> Callable[[str], None]:
    def work(item: str) -> None:
        if item in reasons:
            raise reasons[item]

    return work


def _run(reasons: dict[str, Exception], found: str = "abc") -> items.Tally:
    work = _failing(reasons)
    return items.each("sample", found, work, key=str, is_complete=True)


@pytest.mark.parametrize(
    "failure",
    [
        Invalid("payload_indexes.0 is text."),
        TypeError("'str' object"),
        KeyError("secret"),
        RecursionError(),
        OverflowError(),
        DataError("value too long"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"),
        Unavailable("Qdrant does not answer.", details={"store": "qdrant"}),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_one_item_fails_and_the_others_go_on(failure: Exception) -> None:
    done = []

    def work(item: str) -> None:
        if item == "b":
            raise failure
        done.append(item)

    tally = items.each("sample", "abc", work, key=str)

    assert done == ["a", "c"]
    assert (tally.done, tally.failed) == (2, 1)
    row = ItemFailure.objects.get()
    assert (row.loop, row.kind, row.item, row.times) == ("sample", "namespace", "b", 1)
    assert row.message


def test_the_message_of_an_unexpected_error_names_its_place_and_no_data() -> None:
    _run({"a": KeyError("customer data")})

    message = ItemFailure.objects.get().message
    assert message.startswith("Unexpected error in items:")
    assert "Reference " in message
    assert "customer" not in message


def test_a_failure_is_counted_and_closed_by_a_success() -> None:
    _run({"b": Invalid("It is odd.")})
    since = ItemFailure.objects.get().first_seen
    _run({"b": Invalid("It is odd still.")})

    row = items.failures_of("namespace", "b").get()
    assert (row.times, row.first_seen, row.message) == (2, since, "It is odd still.")

    _run({})
    assert not items.open_failures().exists()
    assert ItemFailure.objects.get().times == 2

    _run({"b": Invalid("Again.")})
    row = items.open_failures().get()
    assert row.times == 3
    assert row.first_seen > since


def test_a_complete_loop_closes_the_rows_of_items_that_are_gone() -> None:
    _run({"b": Invalid("It is odd.")})
    _run({}, found="ac")
    assert not items.open_failures().exists()


def test_an_incomplete_loop_leaves_the_rows_of_items_it_did_not_meet() -> None:
    _run({"b": Invalid("It is odd.")})
    items.each("sample", "a", _failing({}), key=str)
    assert items.open_failures().get().item == "b"


@pytest.mark.parametrize(
    "failure",
    [
        OperationalError("database is locked"),
        Unavailable("No answer.", details={"store": "namespace store"}),
        Unavailable("No answer.", details={"store": "redis"}),
    ],
)
def test_the_failure_of_a_store_of_all_items_ends_the_loop(failure: Exception) -> None:
    with pytest.raises(type(failure)):
        _run({"a": failure})
    assert not ItemFailure.objects.exists()


def test_ids_of_any_length_and_content_have_rows_of_their_own() -> None:
    odd = ["x" * 400, "x" * 401, "nul\0", "\ud800"]
    items.each("sample", odd, _failing(dict.fromkeys(odd, ValueError())), key=str)

    found = ItemFailure.objects.values_list("item", flat=True)
    assert len(set(found)) == 4
    assert items.failures_of("namespace", "x" * 400).count() == 1


def test_an_item_whose_id_cannot_be_read_is_recorded() -> None:
    rows: list[dict[str, str]] = [{}, {"id": "b"}]

    def work(row: dict[str, str]) -> str:
        return row["id"]

    tally = items.each("sample", rows, work, key=lambda row: row["id"])
    assert (tally.done, tally.failed) == (1, 1)


def test_a_failure_is_logged_with_its_loop_and_item(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        _run({"b": Invalid("It is odd.")})
    assert "item_failed" in caplog.text


def test_rows_that_were_closed_long_ago_are_deleted() -> None:
    _run({"b": Invalid("It is odd.")})
    _run({})
    old = timezone.now() - items.KEPT_FOR
    ItemFailure.objects.update(resolved_at=old)
    _run({"c": Invalid("It is odd.")})

    assert items.old_failures().delete()[0] == 1
    assert ItemFailure.objects.get().item == "c"
