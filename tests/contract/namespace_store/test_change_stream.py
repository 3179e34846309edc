"""Changes arrive in order, and go on from where the reader was.

Only kind, collection and id of a change are relied on: the embedded server's copy of
the document has no dates in it, so a reader reads the document itself.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.change_stream import ChangeStream
from pymongo.collection import Collection
from pymongo.errors import OperationFailure

from tests.embedded_servers import RunningServer

Documents = Collection[dict[str, Any]]
Changes = ChangeStream[dict[str, Any]]

AT = datetime(2026, 3, 4, 5, 6, 7, 891000, tzinfo=UTC)


@pytest.fixture
def changes(namespaces: Documents) -> Iterator[Changes]:
    """A change stream; a MongoDB that is no replica set has none."""
    namespaces.insert_one({"_id": "ns_before"})
    try:
        stream = namespaces.watch(max_await_time_ms=200)
    except OperationFailure as error:
        pytest.skip(f"the server has no change streams: {error.details}")
    with stream:
        yield stream


def take(changes: Changes, number: int) -> list[dict[str, Any]]:
    """The next changes, waited for."""
    taken: list[dict[str, Any]] = []
    give_up = time.monotonic() + 10
    while len(taken) < number:
        assert time.monotonic() < give_up, f"only {taken}"
        if change := changes.try_next():
            taken.append(dict(change))
    return taken


def brief(changes: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Kind and id; what one server calls a replace is an update to another."""
    kinds = {"replace": "update"}
    return [
        (kinds.get(c["operationType"], c["operationType"]), c["documentKey"]["_id"])
        for c in changes
    ]


def test_insert_replace_and_delete_are_seen_in_order(
    namespaces: Documents, changes: Changes
) -> None:
    namespaces.insert_one({"_id": "ns_a", "revision": 1, "at": AT})
    namespaces.replace_one(
        {"_id": "ns_a"}, {"_id": "ns_a", "revision": 2, "at": AT, "in": [{"at": AT}]}
    )
    namespaces.delete_one({"_id": "ns_a"})

    seen = take(changes, 3)

    assert brief(seen) == [("insert", "ns_a"), ("update", "ns_a"), ("delete", "ns_a")]
    assert {change["ns"]["coll"] for change in seen} == {"namespaces"}


def test_writes_of_other_programs_in_other_forms_are_seen(
    namespaces: Documents, changes: Changes
) -> None:
    namespaces.insert_many([{"_id": "ns_a"}, {"_id": "ns_b"}])
    namespaces.update_one({"_id": "ns_a"}, {"$set": {"description": "theirs"}})
    namespaces.delete_many({"_id": {"$in": ["ns_a", "ns_before"]}})
    seen = brief(take(changes, 5))
    assert seen[:3] == [("insert", "ns_a"), ("insert", "ns_b"), ("update", "ns_a")]
    assert sorted(seen[3:]) == [("delete", "ns_a"), ("delete", "ns_before")]


def test_a_stream_goes_on_after_the_token_it_left_off_with(
    namespaces: Documents, changes: Changes
) -> None:
    namespaces.insert_one({"_id": "ns_a"})
    namespaces.insert_one({"_id": "ns_b"})
    first, _second = take(changes, 2)
    changes.close()
    namespaces.insert_one({"_id": "ns_c"})

    with namespaces.watch(resume_after=first["_id"], max_await_time_ms=200) as resumed:
        assert brief(take(resumed, 2)) == [("insert", "ns_b"), ("insert", "ns_c")]
        assert resumed.try_next() is None


def test_a_stream_of_a_quiet_collection_goes_on_after_changes_of_another(
    namespaces: Documents, changes: Changes
) -> None:
    quiet = namespaces.database["buckets"]
    with quiet.watch(max_await_time_ms=1) as stream:
        assert stream.try_next() is None
        token = stream.resume_token
    namespaces.insert_many([{"_id": f"ns_{number}"} for number in range(3)])
    take(changes, 3)
    quiet.insert_one({"_id": "bucket_a"})

    with quiet.watch(resume_after=token, max_await_time_ms=200) as resumed:
        assert brief(take(resumed, 1)) == [("insert", "bucket_a")]


@pytest.mark.embedded_only
def test_who_goes_on_where_changes_are_gone_is_told(
    namespaces: Documents, changes: Changes
) -> None:
    """The server keeps a thousand of a collection that others have read."""
    quiet = namespaces.database["buckets"]
    with quiet.watch(max_await_time_ms=1) as stream:
        assert stream.try_next() is None
        of_quiet = stream.resume_token
    namespaces.insert_one({"_id": "ns_a"})
    (first,) = take(changes, 1)
    namespaces.insert_many([{"_id": f"ns_{number}"} for number in range(1100)])
    take(changes, 1100)
    changes.try_next()

    with pytest.raises(OperationFailure, match="gone"):
        namespaces.watch(resume_after=first["_id"])
    quiet.watch(resume_after=of_quiet).close()


def test_a_quiet_stream_returns_nothing_in_time(changes: Changes) -> None:
    asked = time.monotonic()
    assert changes.try_next() is None
    assert time.monotonic() - asked < 3


@pytest.mark.embedded_only
def test_a_stream_goes_on_after_kill_9_of_the_server(
    namespaces: Documents,
    changes: Changes,
    embedded_server: RunningServer | None,
) -> None:
    assert embedded_server is not None
    namespaces.insert_one({"_id": "ns_a"})
    (seen,) = take(changes, 1)
    namespaces.insert_one({"_id": "ns_b"})
    embedded_server.kill()
    embedded_server.restart()

    with MongoClient[dict[str, Any]](embedded_server.url) as client:
        again = client[namespaces.database.name]["namespaces"]
        again.insert_one({"_id": "ns_c"})
        with again.watch(resume_after=seen["_id"], max_await_time_ms=200) as resumed:
            assert brief(take(resumed, 2)) == [("insert", "ns_b"), ("insert", "ns_c")]


@pytest.mark.embedded_only
def test_an_open_stream_ends_when_the_server_dies_and_its_token_leads_on(
    namespaces: Documents,
    changes: Changes,
    embedded_server: RunningServer | None,
) -> None:
    """It ends without an error, so a reader must look whether it is `alive`."""
    assert embedded_server is not None
    namespaces.insert_one({"_id": "ns_a"})
    take(changes, 1)
    embedded_server.kill()
    embedded_server.restart()
    assert namespaces.find_one({"_id": "ns_a"}), "a read renews the pool of connections"
    namespaces.insert_one({"_id": "ns_b"})

    assert changes.try_next() is None
    assert not changes.alive
    token = changes.resume_token
    with namespaces.watch(resume_after=token, max_await_time_ms=200) as resumed:
        assert brief(take(resumed, 1)) == [("insert", "ns_b")]
