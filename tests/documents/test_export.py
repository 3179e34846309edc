"""Exports: whole, cut at their limits, one at a time, and in the audit."""

from typing import Any

import orjson
import pytest

from nsadmin.audit.models import AuditEvent
from nsadmin.documents import export
from nsadmin.documents.query.filters import Filter
from nsadmin.errors import Conflict, Invalid
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from tests.documents.library import COUNT, Library, made, payload_of, point_of
from tests.documents.test_listing import calls

pytestmark = pytest.mark.django_db


def read(run: export.Export) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in b"".join(run.lines).splitlines()]


def told() -> dict[str, Any]:
    """What the last row of the audit says of the export."""
    row = AuditEvent.objects.order_by("-pk")[0]
    values = {change["field"]: change["after"] for change in row.changes}
    return {**values, "action": row.action, "outcome": row.outcome, "error": row.error}


def test_it_has_every_document_and_an_end(library: Library) -> None:
    asked = Filter.from_query([("f", "is_new"), ("t", "bool"), ("v", "true")])
    run = export.start_export(library.open(), asked=asked)
    assert told()["outcome"] == "attempted"
    *documents, end = read(run)
    payloads = {d["payload"]["document_id"]: d["payload"] for d in documents}
    assert payloads == {f"doc_{n}": payload_of(n) for n in range(0, COUNT, 3)}
    assert "vector" not in documents[0]
    assert end == {"export": {"documents": 20, "is_complete": True, "reason": ""}}
    said = told()
    assert (said["action"], said["outcome"]) == ("document:export", "done")
    assert (said["documents"], said["filter"]) == (20, "is_new is true")
    assert said["bytes"] > 0
    row = AuditEvent.objects.order_by("-pk")[0]
    assert (row.actor_label, row.organization_id) == ("noor@example.org", "org_own")
    assert run.filename.endswith(".jsonl")


def test_vectors_come_where_they_are_asked_for(library: Library) -> None:
    *documents, _ = read(export.start_export(library.open(), with_vectors=True))
    assert len(documents) == COUNT
    assert {"dense"} <= documents[0]["vector"].keys()


@pytest.mark.parametrize(
    ("setting", "value", "count"),
    [("NSADMIN_EXPORT_DOCUMENTS", 7, 7), ("NSADMIN_EXPORT_BYTES", 2000, None)],
)
def test_it_is_cut_at_its_limits_and_says_so(
    library: Library, settings: Any, setting: str, value: int, count: int | None
) -> None:
    setattr(settings, setting, value)
    run = export.start_export(library.open())
    *documents, end = read(run)
    assert end["export"]["documents"] == len(documents)
    assert count is None or len(documents) == count
    assert 0 < len(documents) < COUNT
    assert end["export"]["is_complete"] is False
    assert "at most" in end["export"]["reason"]
    assert told()["outcome"] == "done"
    assert told()["documents"] == len(documents)


def test_one_runs_at_a_time_for_an_organization(library: Library) -> None:
    first = export.start_export(library.open())
    with pytest.raises(Conflict):
        export.start_export(library.open())
    assert read(first)
    assert read(export.start_export(library.open()))


def test_one_that_is_not_read_to_its_end_is_recorded(library: Library) -> None:
    run = export.start_export(library.open())
    next(run.lines)
    run.lines.close()  # type: ignore[attr-defined]
    said = told()
    assert (said["outcome"], said["documents"]) == ("failed", 1)
    assert said["error"] == "the export was interrupted"
    assert read(export.start_export(library.open()))


def test_a_failure_on_the_way_is_the_last_line(library: Library, settings: Any) -> None:
    del library
    rows = [point_of(n) for n in range(COUNT)] + [
        {"id": 1000 + n, "vector": {}, "payload": payload_of(n)} for n in range(300)
    ]
    with made(rows) as large:
        run = export.start_export(large.open())
        first = next(run.lines)
        assert orjson.loads(first)["id"]
        collections.drop(shared(), large.name)
        *documents, end = [orjson.loads(line) for line in run.lines]
        assert len(documents) < 300
        assert end["export"]["is_complete"] is False
        assert end["export"]["reason"]
        assert told()["outcome"] == "failed"


def test_a_refused_filter_starts_nothing(library: Library) -> None:
    del library
    with made([], strict={"unindexed_filtering_retrieve": False}) as strict:
        asked = Filter.from_query([("f", "plain"), ("v", "x")])
        with pytest.raises(Invalid):
            export.start_export(strict.open(), asked=asked)
        assert read(export.start_export(strict.open()))
    assert AuditEvent.objects.count() == 1


def test_documents_too_large_for_a_page_come_one_by_one(library: Library) -> None:
    del library
    rows = [
        {
            "id": n,
            "vector": {},
            "payload": {"internal_id": "int_own", "t": "x" * 6_000_000},
        }
        for n in range(4)
    ]
    with made(rows, indexes={"internal_id": {"type": "keyword"}}) as heavy:
        *documents, end = read(export.start_export(heavy.open()))
        assert [len(d["payload"]["t"]) for d in documents] == [6_000_000] * 4
        assert end["export"]["is_complete"]


def test_pages_grow_again_after_large_documents(library: Library) -> None:
    del library
    rows = [
        {
            "id": n,
            "vector": {},
            "payload": {"internal_id": "int_own", "t": "x" * (9_000_000 * (n < 2))},
        }
        for n in range(400)
    ]
    with made(rows, indexes={"internal_id": {"type": "keyword"}}) as mixed:
        with calls() as asked:
            *documents, end = read(export.start_export(mixed.open()))
        assert (len(documents), end["export"]["is_complete"]) == (400, True)
        assert len(asked) < 40
