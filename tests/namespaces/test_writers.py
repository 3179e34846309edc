"""Many writers at once: no change is lost, and none happens half."""

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections

from nsadmin.access.actor import SYSTEM
from nsadmin.access.models import Organization
from nsadmin.audit.models import AuditEvent
from nsadmin.errors import Conflict, NsadminError, PreconditionFailed
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.change.converge import converge
from nsadmin.namespaces.change.recovery import heal
from nsadmin.namespaces.plan.patch_request import make_plan
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.stores import redis
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from tests.accepting import accept
from tests.cast import make_namespace
from tests.faults.database import Rows
from tests.faults.scenarios import let_time_pass

QUICK = pytest.param(8, 10, id="8 writers, 10 changes")
WHOLE = pytest.param(16, 50, id="16 writers, 50 changes", marks=[pytest.mark.faults])


@pytest.fixture
def namespace(shared_rows: Rows) -> Namespace:
    """A namespace that many want to change."""
    northlight = Organization.objects.create(name="Northlight")
    return make_namespace(northlight, "contested", point_count=1)


def in_threads(writers: int, write: Callable[[int], None]) -> None:
    """Have all writers begin together; raise what any of them raised."""
    begin, failures = threading.Barrier(writers), []

    def run(number: int) -> None:
        begin.wait()
        try:
            write(number)
        except Exception as failure:  # noqa: BLE001 - told by the main thread
            failures.append(failure)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise ExceptionGroup("writers failed", failures)


def accepted(namespace: Namespace) -> list[AuditEvent]:
    """The audit's accepted changes in the order of their revisions."""
    return list(
        AuditEvent.objects.filter(
            namespace_id=namespace.namespace_id, outcome__in=("done", "accepted")
        ).order_by("revision")
    )


@pytest.mark.parametrize(("writers", "each"), [QUICK, WHOLE])
def test_with_if_match_the_revision_counts_the_successes(namespace, writers, each):
    answers: Counter[int] = Counter()

    def write(number: int) -> None:
        for turn in range(each):
            known = store.get(namespace.namespace_id)["revision"]
            patch = parse_patch({"description": f"writer {number}, turn {turn}"})
            try:
                commit.commit(SYSTEM, namespace.namespace_id, patch, if_match=known)
                answers[200] += 1
            except PreconditionFailed:
                answers[412] += 1

    in_threads(writers, write)
    assert answers.total() == writers * each
    assert answers[412] > 0
    raw = store.get(namespace.namespace_id)
    assert raw["revision"] == raw["observed_revision"] == 1 + answers[200]
    rows = accepted(namespace)
    assert [row.revision for row in rows] == list(range(2, raw["revision"] + 1))
    assert raw["description"] == rows[-1].changes[0]["after"]
    listed = [(entry["op_id"], entry["revision"]) for entry in raw["changes"]]
    assert listed == [(row.op_id, row.revision) for row in rows][-50:]
    refused = AuditEvent.objects.exclude(pk__in=[row.pk for row in rows])
    assert set(refused.values_list("outcome", flat=True)) <= {"refused"}


def patches(number: int) -> Iterator[dict]:
    """What one writer asks for: each of four kinds of writers has its own field."""
    for turn in itertools.count():
        bodies: list[dict[str, Any]] = [
            {"description": f"writer {number}, turn {turn}"},
            {"namespace_name": f"writer {number}, turn {turn}"},
            {"auto_create_indexes": (number // 4 + turn) % 2 == 0},
            {
                "payload_indexes": [
                    {"field_name": f"field_{(number + turn) % 3}", "type": kind}
                    for kind in ("keyword", "integer")[turn % 2 : turn % 2 + 1]
                ]
            },
        ]
        yield bodies[number % 4]


@pytest.mark.parametrize(("writers", "each"), [QUICK, WHOLE])
def test_writers_of_different_fields_take_nothing_from_each_other(
    namespace, writers, each
):
    refusals: set[str] = set()

    def write(number: int) -> None:
        for body in itertools.islice(patches(number), each):
            try:
                commit.commit(SYSTEM, namespace.namespace_id, parse_patch(body))
            except Conflict as conflict:
                refusals.add(conflict.code)

    in_threads(writers, write)
    assert refusals <= {"too_many_writers"}
    let_time_pass(namespace.namespace_id)
    heal()

    raw = store.get(namespace.namespace_id)
    rows = accepted(namespace)
    assert {row.outcome for row in rows} == {"done"}
    assert [row.revision for row in rows] == list(range(2, raw["revision"] + 1))
    values, indexes = replay(rows)
    assert {key: raw.get(key) for key in values} == values
    stored = {i["field_name"]: i["field_schema"] for i in raw["payload_indexes"]}
    assert stored == indexes

    assert "pending" not in raw
    assert raw["observed_revision"] == raw["revision"]
    live = collections.get(shared(), namespace.collection)
    custom = {f: i.type for f, i in live.indexes.items() if f.startswith("field_")}
    assert custom == {field: schema["type"] for field, schema in indexes.items()}


def replay(rows: list[AuditEvent]) -> tuple[dict, dict]:
    """Do the audited steps one after the other; each must find what it says it found.

    A change that an earlier one left no time to drop an index drops it first itself.
    Returns the fields and the custom indexes as they end.
    """
    values: dict = {}
    indexes: dict = {}
    dropped: dict[str, set[str]] = {}
    for step in (step for row in rows for step in row.changes):
        if step["kind"] == "set_field":
            known = values.get(step["field"], step["before"])
            assert step["before"] == known
            values[step["field"]] = step["after"]
        elif step["kind"] == "drop_index":
            past = dropped.setdefault(step["field"], set())
            if step["field"] in indexes:
                assert indexes.pop(step["field"]) == step["schema"]
                past.add(step["schema"]["type"])
            assert step["schema"]["type"] in past
        else:
            assert step["field"] not in indexes
            indexes[step["field"]] = step["schema"]
    return values, indexes


def test_of_two_that_rename_to_one_name_one_is_told(namespace):
    northlight = Organization.objects.get()
    other = make_namespace(northlight, "other", point_count=1)
    told: list[str] = []

    def write(number: int) -> None:
        target = (namespace, other)[number]
        try:
            patch = parse_patch({"namespace_name": "the one name"})
            commit.commit(SYSTEM, target.namespace_id, patch)
        except NsadminError as failure:
            told.append(failure.code)

    in_threads(2, write)
    assert told == ["namespace_name_taken"]
    names = {store.get(n.namespace_id)["namespace_name"] for n in (namespace, other)}
    assert len(names) == 2


def test_who_read_before_the_steps_were_seen_does_not_bring_them_back(namespace):
    """Seeing the steps moves no revision; still the document is another one then."""
    index = parse_patch({"payload_indexes": [{"field_name": "rank", "type": "float"}]})
    plan = commit.preview(SYSTEM, namespace.namespace_id, index).plan
    accept(namespace, plan, "op_index")
    early = document.read(store.get(namespace.namespace_id))
    words = parse_patch({"description": "read early"})
    plan = make_plan(early, words, actual=None)
    assert converge(early.raw).observed
    assert accept(early, plan, "op_late") is None
    commit.commit(SYSTEM, namespace.namespace_id, words)
    raw = store.get(namespace.namespace_id)
    assert "pending" not in raw
    assert raw["observed_revision"] == raw["revision"] == 3


def test_an_accepted_change_is_never_called_failed_however_many_follow(namespace):
    """The document's list forgets after fifty changes; the audit row does not."""
    redis.claim(f"converge:{namespace.namespace_id}", milliseconds=60_000)
    body = {"payload_indexes": [{"field_name": "rank", "type": "float"}]}
    outcome = commit.commit(SYSTEM, namespace.namespace_id, parse_patch(body))
    assert not outcome.converged
    for number in range(51):
        patch = parse_patch({"description": f"change {number}"})
        commit.commit(SYSTEM, namespace.namespace_id, patch)
    listed = store.get(namespace.namespace_id)["changes"]
    assert outcome.op_id not in {entry["op_id"] for entry in listed}
    let_time_pass(namespace.namespace_id)
    assert heal() == 1
    assert AuditEvent.objects.get(op_id=outcome.op_id).outcome == "done"
    assert "pending" not in store.get(namespace.namespace_id)
