"""A source whose pages never end or are out of order does not fill the clone."""

import pytest

from nsadmin.jobs.models import State
from tests.clones.independent import plain_points, scrolled

pytestmark = pytest.mark.usefixtures("by_pages")


def _scrolls(asked, namespace) -> bool:
    path = f"/collections/{namespace.collection}/points/scroll"
    return asked.path.startswith(path)


def _point(own_id) -> dict:
    return {"id": own_id, "vector": {}, "payload": {}}


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (([1, 2, 3], 1), "the ids do not grow from point to point"),
        (([1, 2, 3], 3), "the ids do not grow from point to point"),
        (([3, 2, 1], None), "the ids do not grow from point to point"),
        (([1, 2, 2], None), "the ids do not grow from point to point"),
        (([], 5), "it names a next page after an empty one"),
        (([1, "no uuid"], None), "a point id is neither a number nor a UUID"),
        (([1, True], None), "malformed answer"),
        (([1, -1], None), "a point has no valid id"),
        ((["11111111-1111-1111-1111-111111111111", 4], None), "the ids do not grow"),
    ],
)
def test_a_page_out_of_order_ends_the_copy(plain, clone, proxy, page, reason):
    ids, offset = page
    proxy.rule = lambda asked: (
        scrolled([_point(own_id) for own_id in ids], offset)
        if _scrolls(asked, plain)
        else None
    )
    job = clone(plain)
    assert job.state == State.FAILED
    assert reason in job.error
    assert len([a for a in proxy.asked if _scrolls(a, plain)]) == 1


def test_a_page_that_starts_again_ends_the_copy(plain, clone, proxy):
    def repeat(asked):
        if not _scrolls(asked, plain):
            return None
        return scrolled([_point(number) for number in (1, 2, 3)], 4)

    proxy.rule = repeat
    job = clone(plain)
    assert job.state == State.FAILED
    assert "a page starts before the place it was asked for" in job.error


def test_a_source_without_an_end_is_stopped(plain, reader, clone, proxy):
    reader.put(plain.collection, plain_points(3))

    def endless(asked):
        if not _scrolls(asked, plain):
            return None
        first = asked.json.get("offset", 1)
        last = first + asked.json["limit"]
        return scrolled([_point(number) for number in range(first, last)], last)

    proxy.rule = endless
    job = clone(plain)
    assert job.state == State.FAILED
    assert job.error.startswith("The source counted 3 points when the copy began")
    proxy.rule = lambda _: None
    copied = reader.ask("POST", f"/collections/{job.namespace_id}/points/count", {})
    assert copied["count"] < 100_500


def test_a_source_that_grows_a_little_is_copied(plain, reader, clone, proxy):
    reader.put(plain.collection, plain_points(10))
    more = list(range(11, 60))

    def grow(asked):
        if _scrolls(asked, plain) and more:
            for point in plain_points(more.pop(0)):
                if point["id"] > 10:
                    reader.put(plain.collection, [point])

    proxy.rule = grow
    job = clone(plain)
    assert (job.state, job.error) == (State.DONE, "")
    assert len(reader.every_point(job.namespace_id)) >= 10
