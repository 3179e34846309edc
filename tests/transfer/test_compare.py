"""One pass over both collections finds every difference, mends it, and is resumed."""

import time
from dataclasses import replace
from typing import Any

import pytest

from nsadmin.errors import Conflict, NotFound
from nsadmin.jobs.execution.interrupts import LeaseLost
from nsadmin.jobs.models import Job
from nsadmin.stores.qdrant.cluster import shared
from nsadmin.transfer.compare import Differences, reconcile
from nsadmin.transfer.site import Site
from tests.clones.independent import Answer, Asked, Proxy, Reader, answered
from tests.dedicated import OwnCluster
from tests.transfer.conftest import Fill, Killed, Work, new_name, put
from tests.transfer.shapes import SHAPES, point_id
from tests.transfer.test_ways import require_same

COUNT = 120


def _pass(
    work: Work, *, deletes_extra: bool = True, repairs: bool = True
) -> Differences:
    session = work.session()
    state = session.job.cursor.setdefault("catch_up", {})
    return reconcile(session, state, deletes_extra=deletes_extra, repairs=repairs)


def _new_pass(work: Work, **options: bool) -> Differences:
    work.job.refresh_from_db()
    work.job.cursor = {}
    work.job.save()
    return _pass(work, **options)


def _write(reader: Reader, site: Site, *points: dict[str, Any]) -> None:
    path = f"/collections/{site.collection}/points?wait=true"
    reader.ask("PUT", path, {"points": list(points)})


def _delete(reader: Reader, site: Site, *numbers: int) -> None:
    body = {"points": [point_id(number) for number in numbers]}
    reader.ask("POST", f"/collections/{site.collection}/points/delete?wait=true", body)


@pytest.fixture
def copied(filled: Fill, beside: Any) -> Work:
    """A transfer that has ended."""
    source = filled("many vectors", count=COUNT)
    work = Work(source, beside(source), ways=("pages",))
    work.run()
    return work


def _require_equal(work: Work, reader: Reader, *, count: int) -> None:
    require_same(
        reader.every_point(work.source.collection, page=200),
        reader.every_point(work.target.collection, page=200),
        count=count,
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_a_copy_in_pages_is_equal(filled: Fill, beside: Any, shape: str) -> None:
    source = filled(shape, count=50)
    work = Work(source, beside(source), ways=("pages",))
    work.run()
    assert _pass(work) == Differences(checked=50)


@pytest.mark.embedded_only("the second server is the embedded one")
def test_a_copy_on_another_cluster_is_equal(
    filled: Fill, own_cluster: OwnCluster
) -> None:
    source = filled("many vectors", count=50)
    work = Work(source, Site(own_cluster.cluster, new_name()), ways=("pages",))
    work.run()
    assert _pass(work) == Differences(checked=50)


@pytest.mark.parametrize("limit", [0, 7])
def test_missing_changed_and_extra_points_are_found_and_mended(
    copied: Work, reader: Reader, limit: int
) -> None:
    shape = SHAPES["many vectors"]
    changed = shape.point(11)
    changed["payload"]["nested"] = {"z": 2, "a": {}}
    moved = shape.point(23)
    moved["vector"]["dense"][5] += 0.5
    _write(reader, copied.target, changed, moved)
    _delete(reader, copied.target, 0, 40, COUNT - 1)
    put(reader, copied.target.collection, shape, range(500, 504))
    if limit:
        rules = {"enabled": True, "max_query_limit": limit}
        reader.strict(copied.source.collection, rules)
        reader.strict(copied.target.collection, rules)
    found = _pass(copied)
    assert found == Differences(checked=COUNT, missing=3, changed=2, extra=4, written=5)
    assert found.total == 9
    assert _new_pass(copied) == Differences(checked=COUNT)
    for site in (copied.source, copied.target):
        reader.strict(site.collection, {"enabled": False})
    _require_equal(copied, reader, count=COUNT)


def test_a_type_that_changed_is_a_difference(copied: Work, reader: Reader) -> None:
    for field, value in (("whole", 2), ("flag", 0), ("number", 11.0), ("none", "")):
        changed = SHAPES["many vectors"].point(11)
        changed["payload"][field] = value
        _write(reader, copied.target, changed)
        assert _new_pass(copied).changed == 1, field


def test_nothing_is_written_without_leave(copied: Work, reader: Reader) -> None:
    _delete(reader, copied.target, 1, 2)
    put(reader, copied.target.collection, SHAPES["many vectors"], range(500, 503))
    before = reader.every_point(copied.target.collection, page=200)
    found = _pass(copied, deletes_extra=False, repairs=False)
    assert found == Differences(checked=COUNT, missing=2, extra=3)
    assert reader.every_point(copied.target.collection, page=200) == before


def test_a_pass_that_has_ended_is_not_repeated(copied: Work, reader: Reader) -> None:
    _delete(reader, copied.target, 1)
    first = _pass(copied)
    _delete(reader, copied.target, 1)
    assert _pass(copied) == first
    assert _new_pass(copied).missing == 1


def test_a_pass_that_dies_at_each_checkpoint_mends_all(
    copied: Work, reader: Reader, settings: Any
) -> None:
    settings.NSADMIN_TRANSFER_RANGES = 1
    shape = SHAPES["many vectors"]
    for site in (copied.source, copied.target):
        reader.strict(site.collection, {"enabled": True, "max_query_limit": 10})
    dies_at, deaths = 1, 0
    while deaths == dies_at - 1:
        _delete(reader, copied.target, *range(0, COUNT, 9))
        put(reader, copied.target.collection, shape, range(500, 504))
        copied.job.cursor = {}
        copied.job.save()
        copied.saves, copied.dies_at = 0, dies_at
        try:
            _pass(copied)
        except Killed:
            deaths += 1
            _pass(copied)
        copied.dies_at = 0
        assert _new_pass(copied) == Differences(checked=COUNT)
        dies_at += 1
    assert deaths >= 3


def test_a_point_that_cannot_be_mended_is_an_error(
    copied: Work, reader: Reader, proxy: Proxy
) -> None:
    """The target swallows every write."""
    site = Site(shared(), copied.target.collection)
    copied.source, copied.target = Site(shared(), copied.source.collection), site
    _delete(reader, site, 4)

    def swallow(asked: Asked) -> Answer | None:
        is_write = asked.method == "PUT" and "/points" in asked.path
        return (
            answered({"operation_id": 1, "status": "completed"}) if is_write else None
        )

    proxy.rule = swallow
    with pytest.raises(Conflict, match="differs after it was written again") as failed:
        _pass(copied)
    assert failed.value.code == "transfer_unproven"


def test_a_point_that_the_source_got_just_now_is_not_deleted(
    copied: Work, reader: Reader, proxy: Proxy
) -> None:
    """It is in the target's page, and came to the source after its page was read."""
    copied.source = Site(shared(), copied.source.collection)
    copied.target = Site(shared(), copied.target.collection)
    late = SHAPES["many vectors"].point(601)
    _write(reader, copied.target, late)
    pending = [True]

    def write_late(asked: Asked) -> Answer | None:
        reads_by_id = asked.method == "POST" and asked.path.endswith("/points")
        if reads_by_id and pending:
            pending.clear()
            _write(reader, copied.source, late)
        return None

    proxy.rule = write_late
    found = _pass(copied)
    assert not pending
    assert found == Differences(checked=COUNT + 1)
    _require_equal(copied, reader, count=COUNT + 1)


def test_a_source_that_is_gone_is_named(copied: Work, reader: Reader) -> None:
    session = copied.session()
    state: dict[str, Any] = {"counted": 1, "at": 0.0, "ranges": []}
    state["ranges"] = [{"end": None, "offset": None, "at_end": False, "counts": {}}]
    reader.ask("DELETE", f"/collections/{copied.source.collection}")
    with pytest.raises(NotFound):
        reconcile(session, state, deletes_extra=True, repairs=True)


def test_an_endless_target_ends_the_pass(
    copied: Work, reader: Reader, proxy: Proxy
) -> None:
    del reader
    copied.target = Site(shared(), copied.target.collection)

    def same_page_again(asked: Asked) -> Answer | None:
        if (
            "/points/scroll" not in asked.path
            or copied.target.collection not in asked.path
        ):
            return None
        return answered({"points": [{"id": 1, "payload": {}}], "next_page_offset": 1})

    proxy.rule = same_page_again
    with pytest.raises(Conflict, match="cannot be read in order"):
        _pass(copied)


@pytest.mark.faults
def test_a_worker_that_stood_still_writes_nothing_before_its_lease_is_known(
    filled: Fill, beside: Any, reader: Reader, proxy: Proxy
) -> None:
    made = filled(count=20)
    source = Site(shared(), made.collection)
    work = Work(source, beside(source), ways=("pages",))
    work.run()
    _write(reader, source, {**SHAPES["plain"].point(1), "payload": {"old": True}})
    before = reader.every_point(work.target.collection, page=COUNT)
    session = work.session()

    def stand_still() -> None:
        Job.objects.filter(job_id=work.job.job_id).update(epoch=7)
        time.sleep(5)
        session.job.checkpoint()

    def answer_late(asked: Asked) -> Answer | None:
        if asked.path.startswith(f"/collections/{source.collection}/points/scroll"):
            time.sleep(4.5)
        return None

    proxy.rule = answer_late
    with pytest.raises(LeaseLost):
        reconcile(
            replace(session, save=stand_still), {}, deletes_extra=True, repairs=True
        )
    assert reader.every_point(work.target.collection, page=COUNT) == before
