"""The process that follows the store: what it sees, keeps, and how it begins anew."""

import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from nsadmin.jobs import items
from nsadmin.namespaces.mirror import sources, state
from nsadmin.namespaces.mirror.follower import Follower
from nsadmin.namespaces.models import (
    MirroredDocument,
    MirroredNamespace,
    MirrorFill,
    MirrorState,
)
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo.connection import collection
from tests.cast import Cast, make_namespace, make_resources
from tests.faults import lists_of_dates


class Turns(threading.Event):
    """Lets a follower make turns in this very thread, until something is so."""

    def __init__(self, is_so: Any) -> None:
        super().__init__()
        self._is_so = is_so
        self._left = 200

    def is_set(self) -> bool:
        self._left -= 1
        assert self._left > 0, "The follower has not seen it in 200 turns."
        return bool(self._is_so())

    def wait(self, timeout: float | None = None) -> bool:
        return super().wait(min(timeout or 0, 0.05))


def follow(is_so: Any, *, name: str = "one", use_streams: bool = True) -> None:
    """Let a process follow until something is so; then it ends as it should."""
    Follower(name, use_streams=use_streams).run(Turns(is_so))


def row(namespace_id: str) -> MirroredNamespace | None:
    return MirroredNamespace.objects.filter(pk=namespace_id).first()


def described(namespace_id: str, text: str) -> bool:
    found = row(namespace_id)
    return found is not None and found.description == text


def is_compared() -> bool:
    return state.load().followed_at is not None


def foreign(namespace_id: str, **values: Any) -> None:
    """A write of another program, which moves neither revision nor time."""
    collection(store.NAME).update_one({"_id": namespace_id}, {"$set": values})


def test_what_another_program_writes_is_seen(cast: Cast) -> None:
    follow(is_compared)
    foreign(cast.own.namespace_id, description="theirs")
    collection(store.NAME).delete_one({"_id": cast.foreign.namespace_id})
    made = make_namespace(cast.northlight, "made elsewhere", in_qdrant=False)
    MirroredNamespace.objects.filter(pk=made.namespace_id).delete()
    follow(
        lambda: (
            described(cast.own.namespace_id, "theirs")
            and row(made.namespace_id)
            and not row(cast.foreign.namespace_id)
        )
    )
    kept = MirroredDocument.objects.get(pk=cast.own.namespace_id)
    assert kept.content["description"] == "theirs"


def test_it_tells_how_far_it_went_with_the_last_part_alone(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that dies between two parts is told of both again."""
    follow(is_compared)
    monkeypatch.setattr(store, "PART_BYTES", 1)
    keys = [cast.own.namespace_id, cast.foreign.namespace_id]
    for key in keys:
        foreign(key, description="theirs")
    told: list[bool] = []

    def note(execute: Any, sql: str, *args: Any) -> Any:
        if sql.startswith("UPDATE") and '"held_until"' in sql and described_any():
            told.append('"tokens"' in sql)
        return execute(sql, *args)

    def described_any() -> bool:
        return MirroredNamespace.objects.filter(description="theirs").exists()

    with connection.execute_wrapper(note):
        follow(lambda: all(described(key, "theirs") for key in keys))
    assert told[0] is False
    assert True in told


def test_it_goes_on_from_its_tokens_without_a_comparison(cast: Cast) -> None:
    follow(is_compared)
    kept = state.load()
    assert set(kept.tokens) >= {store.NAME}
    filled = MirrorFill.objects.get().filled_at
    foreign(cast.own.namespace_id, description="while nobody looked")
    source = sources.opened(use_streams=True)
    try:
        assert not source.is_new
        assert list(source.take().ids) == [cast.own.namespace_id]
    finally:
        source.close()
    assert MirrorFill.objects.get().filled_at == filled


def test_a_stream_that_has_more_claims_no_freshness(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "_GATHER_S", 0.0)
    with closing(sources.opened(use_streams=True)) as source:
        source.take()
        for text in ("one", "two"):
            foreign(cast.own.namespace_id, description=text)
        taken = [source.take() for _ in range(3)]
    assert [bool(some.ids) for some in taken] == [True, True, False]
    assert not taken[0].is_all
    assert taken[2].is_all


@pytest.mark.parametrize("values", [{"store": "another"}, {"tokens": {}}])
def test_tokens_of_another_store_begin_anew(cast: Cast, values: dict[str, Any]) -> None:
    follow(is_compared)
    MirrorState.objects.update(**values)
    source = sources.opened(use_streams=True)
    source.close()
    assert source.is_new


def test_a_lost_history_is_compared(cast: Cast) -> None:
    follow(is_compared)
    before = MirrorFill.objects.get().filled_at
    collection(store.NAME).update_one(
        {"_id": cast.own.namespace_id}, {"$inc": {"revision": 1}}
    )

    follower = Follower("one")
    assert state.lead("one")
    follower._forget_place()
    assert state.load().tokens == {}
    assert state.as_of() == before
    follow(is_compared)
    assert MirrorFill.objects.get().filled_at > before
    found = row(cast.own.namespace_id)
    assert found is not None
    assert found.revision == 2


class NotedTurns(Turns):
    """Notes the pauses, in which a process `two` gives the lead back."""

    def __init__(self, is_so: Any) -> None:
        super().__init__(is_so)
        self.pauses: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout or 0)
        if self.pauses[1:]:
            state.leave("two")
        return super().wait(timeout)


def forget_changes() -> None:
    """Let the store have no changes any more after the tokens that are kept.

    The server keeps a thousand of a collection that others have read.
    """
    read = collection(store.NAME)
    with read.watch(max_await_time_ms=1) as stream:
        read.insert_many([{"_id": f"t_{number}"} for number in range(1100)])
        assert sum(stream.try_next() is not None for _ in range(1110)) == 1100
    read.delete_many({"_id": {"$regex": "^t_"}})


def test_a_lead_that_is_lost_with_the_history_does_not_end_it(cast: Cast) -> None:
    follow(is_compared)
    forget_changes()
    thieves = ["two"]

    def steal_once(execute: Any, sql: str, *args: Any) -> Any:
        if thieves and sql.startswith("UPDATE") and "followed_at" in sql:
            MirrorState.objects.filter(holder="one").update(holder=thieves.pop())
        return execute(sql, *args)

    foreign(cast.own.namespace_id, description="theirs", revision=2)
    turns = NotedTurns(lambda: described(cast.own.namespace_id, "theirs"))
    with connection.execute_wrapper(steal_once):
        Follower("one").run(turns)
    assert not thieves
    assert turns.pauses[:2] == [0.5, 1.0]  # after the loss; while the other one leads


def test_pauses_grow_while_failures_go_on(cast: Cast) -> None:
    turns, follower = NotedTurns(lambda: False), Follower("one")
    for _ in range(7):
        follower._rest(turns)
    follower._failed_at -= 61
    follower._rest(turns)
    assert turns.pauses == [0.5, 1, 2, 4, 8, 10, 10, 0.5]


def test_resources_of_others_are_counted_where_they_change(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "_COUNT_S", 0.0)
    follow(is_compared)
    make_resources(cast.own)

    def is_counted() -> bool:
        found = row(cast.own.namespace_id)
        return found is not None and found.object_count == found.bucket_count == 1

    follow(is_counted)


def test_after_a_lost_history_resources_are_counted_anew(cast: Cast) -> None:
    follow(is_compared)
    make_resources(cast.own)
    MirrorState.objects.update(tokens={}, followed_at=None)
    follow(lambda: MirroredNamespace.objects.filter(object_count=1).exists())
    assert store.NAME in state.load().tokens


def taken_by_cursor(cast: Cast) -> dict[str, Any]:
    """What one look of a cursor finds that differs from the rows."""
    source = sources.CursorSource(state.load())
    found: dict[str, Any] = {}
    for _ in range(20):
        taken = source.take()
        found |= taken.ids
        if taken.at and taken.is_all:
            MirrorState.objects.update(**taken.progress)
            return found
    raise AssertionError(f"It does not end: {found}")


def test_without_streams_a_cursor_follows(cast: Cast) -> None:
    follow(is_compared, use_streams=False)
    assert state.load().way == "cursor"
    now = datetime.now(UTC)
    foreign(cast.own.namespace_id, description="theirs", updated_at=now)
    assert taken_by_cursor(cast) == {cast.own.namespace_id: cast.own.namespace_id}
    own = cast.own.namespace_id
    follow(lambda: described(own, "theirs"), use_streams=False)
    assert taken_by_cursor(cast) == {}


def test_a_cursor_passes_many_changes_of_one_time_and_odd_ones(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "BATCH", 3)
    now = datetime.now(UTC).replace(microsecond=0)
    MirrorState.objects.update_or_create(pk=state.PK, defaults={"cursor_at": now})
    whole = store.get(cast.own.namespace_id)
    assert whole is not None
    ids = {f"ns_tie_{number}" for number in range(10)}
    for key in ids:
        own = {"_id": key, "namespace_id": key, "name_key": key, "updated_at": now}
        collection(store.NAME).insert_one({**whole, **own, "collection_key": key})
    foreign(cast.foreign.namespace_id, updated_at=now + timedelta(days=400))
    foreign(cast.system.namespace_id, updated_at="yesterday")
    assert set(taken_by_cursor(cast)) == ids
    kept = state.load().cursor_at
    assert kept is not None
    assert kept <= datetime.now(UTC)


def test_a_cursor_passes_lists_of_dates(cast: Cast, settings: Any) -> None:
    """MongoDB finds such a list between any two times; the embedded server does not."""
    now = datetime.now(UTC)
    dates = [now - timedelta(days=3), now + timedelta(days=300)]
    odd = {"_id": cast.foreign.namespace_id, "revision": 1, "updated_at": dates}
    MirrorState.objects.update_or_create(pk=state.PK, defaults={"cursor_at": now})
    foreign(cast.own.namespace_id, updated_at=now + timedelta(seconds=1))
    odd_and_own = {cast.foreign.namespace_id, cast.own.namespace_id}
    with lists_of_dates.finding(settings, odd):
        assert set(taken_by_cursor(cast)) == odd_and_own
    kept = state.load().cursor_at
    assert kept is not None
    assert kept <= datetime.now(UTC)


def test_a_cursor_rests_where_a_page_moves_nothing(
    cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "BATCH", 1)
    now = datetime.now(UTC)
    odd = {"_id": cast.own.namespace_id, "updated_at": [now, now]}
    with lists_of_dates.finding(settings, odd):
        source = sources.CursorSource(state.load())
        assert not source.take().is_all
        assert source.take().at is None


def test_one_leads_and_another_takes_over_when_it_is_silent(cast: Cast) -> None:
    assert state.lead("one")
    assert state.lead("one")
    assert not state.lead("two")
    assert state.is_led()
    MirrorState.objects.update(held_until=datetime.now(UTC) - timedelta(seconds=1))
    assert not state.is_led()
    assert state.lead("two")
    with pytest.raises(state.LeadLost):
        state.record_progress("one", way="stream")
    state.leave("one")
    assert state.is_led()
    state.leave("two")
    assert state.lead("one")


def refuse_odd_rows() -> None:
    """Let the database refuse rows that are described as odd, as a constraint would."""
    table = MirroredNamespace._meta.db_table
    begins = f"CREATE TRIGGER refuse_odd BEFORE UPDATE ON {table} FOR EACH ROW WHEN"
    condition = "(NEW.description = 'odd')"
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            action = "BEGIN SELECT RAISE(ABORT, 'odd'); END"
        else:
            cursor.execute(
                "CREATE FUNCTION refuse_odd() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE 'odd' USING ERRCODE = 'check_violation'; END $$"
            )
            action = "EXECUTE FUNCTION refuse_odd()"
        cursor.execute(f"{begins} {condition} {action}")


def test_a_document_that_fails_does_not_stop_it(cast: Cast) -> None:
    refuse_odd_rows()
    follow(is_compared)
    foreign(cast.foreign.namespace_id, description="odd")
    foreign(cast.own.namespace_id, description="even")
    follow(lambda: described(cast.own.namespace_id, "even"))
    assert items.open_failures().get().item == cast.foreign.namespace_id
    foreign(cast.foreign.namespace_id, description="mended")
    follow(lambda: described(cast.foreign.namespace_id, "mended"))
    assert not items.open_failures().exists()
