"""The audit as a stream: nothing is missed, nothing of others is in it."""

import json
from typing import Any

import pytest
from django.core.management import call_command
from django.http import HttpResponse

from nsadmin.audit import record, triggers
from nsadmin.audit.models import AuditEvent, ChainEntry, Outcome
from nsadmin.audit.record import RecordedActor
from tests.api.conftest import Caller, locations_of
from tests.audit.sending import sent_from

ACTOR = RecordedActor("user", "1", "mara")


def write(call: Caller, summary: str, organization_id: str = "") -> AuditEvent:
    """Record an operation of the caller's organization: two places of the chain."""
    return record.record(
        action="namespace:update",
        summary=summary,
        actor=ACTOR,
        organization_id=organization_id or own(call),
        changes=[{"field": "description", "before": None, "after": "né 🎬\n"}],
    )


def own(call: Caller) -> str:
    return call.cast.northlight.organization_id


def lines(response: HttpResponse) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.content
    assert response.headers["Content-Type"] == "application/x-ndjson"
    return [json.loads(line) for line in response.content.splitlines()]


def end(call: Caller) -> int:
    """The last place that was written before the test."""
    last = (
        ChainEntry.objects.filter(organization_id=own(call)).order_by("number").last()
    )
    return last.number if last else 0


def test_a_collector_that_goes_on_misses_nothing(call: Caller) -> None:
    begin = cursor = end(call)
    written = [write(call, f"number {n}").op_id for n in range(5)]
    write(call, "of another", call.cast.halden.organization_id)
    seen: list[str] = []
    while got := lines(call("GET", f"/audit/stream?since={cursor}&limit=3")):
        cursor = got[-1]["cursor"]
        seen += [line["op_id"] for line in got]
    assert list(dict.fromkeys(seen)) == written
    assert cursor == begin + 10
    write(call, "later")
    (line,) = lines(call("GET", f"/audit/stream?since={cursor}"))
    assert line["event"]["summary"] == "later"
    assert line["event"]["changes"][0]["after"] == "né 🎬\n"
    assert line["event"]["at"].endswith("Z")
    assert line["organization_id"] == own(call)


def test_an_operation_comes_again_with_its_outcome(call: Caller) -> None:
    begin, op_id = end(call), record.new_op_id()
    record.attempt(
        op_id=op_id, action="a", summary="s", actor=ACTOR, organization_id=own(call)
    )
    (first,) = lines(call("GET", f"/audit/stream?since={begin}"))
    record.close(op_id, Outcome.FAILED, error="It broke.")
    (second,) = lines(call("GET", f"/audit/stream?since={first['cursor']}"))
    assert (first["event"]["outcome"], second["event"]["outcome"]) == (
        "attempted",
        "failed",
    )
    assert (second["op_id"], second["event"]["error"]) == (op_id, "It broke.")


def test_an_event_has_the_address_of_its_sender(call: Caller) -> None:
    begin = end(call)
    with sent_from("198.51.100.7"):
        write(call, "asked for")
    write(call, "of a schedule")
    found = lines(call("GET", f"/audit/stream?since={begin}"))
    addresses = [line["event"]["client_address"] for line in found]
    assert addresses == ["198.51.100.7", ""]
    document = json.loads(call("GET", "/openapi.json", role=None).content)
    event = document["components"]["schemas"]["AuditEventModel"]
    assert "The IP address" in event["properties"]["client_address"]["description"]


def test_a_removed_row_leaves_a_line_without_an_event(call: Caller) -> None:
    begin = end(call)
    write(call, "first")
    triggers.remove(using="default")
    AuditEvent.objects.filter(summary="first").delete()
    (line,) = lines(call("GET", f"/audit/stream?since={begin}"))
    assert (line["event"], line["cursor"]) == (None, begin + 2)


def test_a_kept_line_checks_the_chain(call: Caller, tmp_path, capsys) -> None:
    begin = end(call)
    write(call, "first")
    (line,) = lines(call("GET", f"/audit/stream?since={begin}"))
    kept = tmp_path / "kept"
    kept.write_text(f"{own(call)} entries={line['cursor']} head={line['hash']}\n")
    arguments = ["--organization", own(call), "--against", str(kept)]
    call_command("audit", "verify", *arguments)
    kept.write_text(f"{own(call)} entries={line['cursor'] + 2} head={line['hash']}\n")
    with pytest.raises(SystemExit):
        call_command("audit", "verify", *arguments)
    assert "noted earlier is missing" in capsys.readouterr().err


def test_it_costs_two_statements_of_its_own(
    call: Caller, django_assert_max_num_queries
) -> None:
    for number in range(20):
        write(call, f"number {number}")
    call("GET", "/audit/stream")
    with django_assert_max_num_queries(4):  # the key, and what it may
        lines(call("GET", "/audit/stream"))


@pytest.mark.parametrize(
    ("query", "at"),
    [
        ("since=-1", "query.since"),
        ("since=x", "query.since"),
        ("since=9223372036854775808", "query.since"),
        ("limit=0", "query.limit"),
        ("limit=1001", "query.limit"),
        ("after=1", "query.after"),
    ],
)
def test_a_bad_place_is_named(call: Caller, query: str, at: str) -> None:
    assert locations_of(call("GET", f"/audit/stream?{query}")) == [at]
