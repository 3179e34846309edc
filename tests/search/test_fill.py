"""The schedule that compares what can be found: in slices, each item alone."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from nsadmin.errors import Unavailable
from nsadmin.jobs.models import ItemFailure, ScheduleRun
from nsadmin.search import fill, tasks
from nsadmin.search.models import SearchPass
from nsadmin.stores.mongo import resources
from nsadmin.stores.mongo.connection import collection
from nsadmin.trigrams.models import Kind, SearchEntry
from tests.cast import Cast
from tests.search.asking import groups, put

RESOURCES = (Kind.COLLECTION, Kind.RETRIEVER)


def entries(kind: Kind) -> list[str]:
    rows = SearchEntry.objects.filter(kind=kind)
    return sorted(rows.values_list("key", flat=True))


def test_a_pass_ends_over_several_runs(cast: Cast) -> None:
    for number in range(5):
        put(cast, "collections", f"col_{number}", name="Intake")
    runs = 0
    while fill.as_of(RESOURCES) is None:
        fill.run(within_s=0, limit=2)
        runs += 1
        assert runs < 20
    assert runs > 3
    assert entries(Kind.COLLECTION) == [f"col_{number}" for number in range(5)]


def test_a_second_pass_writes_what_differs_and_nothing_else(cast: Cast) -> None:
    put(cast, "collections", "col_1", name="Intake")
    put(cast, "retrievers", "ret_1", name="Finder")
    assert fill.run().written > 2
    again = fill.run()
    assert (again.written, again.dropped) == (0, 0)
    put(cast, "collections", "col_1", name="Renamed")
    assert fill.run().written == 1
    assert "resources" in groups(cast.actor(), "renamed")
    assert groups(cast.actor(), "intake") == {}


ODD: list[dict[str, Any]] = [
    {"collection_name": 7, "description": ["x"]},
    {"collection_name": "nul\0 and \ud800", "description": "d" * 100_000},
    {"collection_name": None, "collection_id": {"a": 1}},
    {},
]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_an_odd_document_hides_no_other(cast: Cast, odd: dict[str, Any]) -> None:
    own = {"namespace_id": cast.own.namespace_id}
    odd = {k: v for k, v in odd.items() if "\ud800" not in str(v)} | own
    collection("collections").insert_one({"_id": "col_a", **odd})
    put(cast, "collections", "col_b", name="Intake")
    fill.run()
    assert "col_b" in entries(Kind.COLLECTION)
    assert "resources" in groups(cast.actor(), "intake")


@pytest.mark.parametrize("key", ["nul\0", "k" * 300, ""])
def test_an_odd_id_hides_no_other(cast: Cast, key: str) -> None:
    own = {"namespace_id": cast.own.namespace_id}
    collection("collections").insert_one({"_id": key, **own})
    put(cast, "collections", "col_b", name="Intake")
    put(cast, "collections", "z", name="Outtake")
    fill.run()
    assert {"col_b", "z"} <= set(entries(Kind.COLLECTION))


def test_resources_of_no_namespace_are_left_out(cast: Cast) -> None:
    collection("collections").insert_many(
        [{"_id": "col_1", "namespace_id": "ns_gone"}, {"_id": "col_2"}, {"_id": 7}]
    )
    fill.run()
    assert entries(Kind.COLLECTION) == []
    assert not ItemFailure.objects.filter(loop=fill.LOOP).exists()


@pytest.mark.faults
def test_without_the_namespace_store_the_others_are_compared(
    cast: Cast, settings
) -> None:
    settings.NSADMIN_MONGODB_URL = "mongodb://127.0.0.1:9/none"
    work = fill.run()
    assert work.silent == 2
    assert len(entries(Kind.PERSON)) > 3
    assert fill.as_of(RESOURCES) is None
    assert fill.as_of((Kind.PERSON,)) is not None


def test_the_age_is_that_of_the_older_pass(cast: Cast) -> None:
    fill.run()
    earlier = timezone.now() - timedelta(hours=1)
    SearchPass.objects.filter(kind=Kind.RETRIEVER).update(complete_at=earlier)
    assert fill.as_of(RESOURCES) == earlier


def test_the_schedule_records_its_run(cast: Cast) -> None:
    tasks.fill()
    run = ScheduleRun.objects.get(name="search")
    assert run.result["written"] > 3
    assert not run.error


def test_a_summary_asks_for_what_is_searched_only(cast: Cast) -> None:
    put(cast, "collections", "col_1", name="Intake", input_schema={"big": "x" * 1000})
    (row,) = resources.summaries("collections", after="", limit=5, within_s=5)
    assert set(row) == {"_id", "namespace_id", "collection_id", "collection_name"}
    with pytest.raises(Unavailable):
        resources.summaries("collections", after="", limit=5, within_s=0.000001)
