"""Clones of large points: batches by bytes, split where the server refuses them."""

import random

import pytest

from nsadmin.jobs.models import State
from tests.clones.independent import plain_points, refusal

pytestmark = pytest.mark.usefixtures("by_pages")


def _vectors(**vectors: object) -> dict:
    return {"vectors": vectors}


@pytest.mark.faults
def test_150_points_with_300_kb_of_text_are_copied(plain, reader, clone):
    text = "“ligne” é\n" * 20_000
    reader.put(plain.collection, plain_points(150, text=text))
    job = clone(plain)
    assert (job.state, job.error) == (State.DONE, "")
    assert len(text.encode()) > 300_000 - 20_000
    reader.require_equal(plain.collection, job.namespace_id, points=150)


@pytest.mark.faults
def test_30_points_with_a_multivector_of_1030_by_128_are_copied(plain, reader, clone):
    many = {"size": 128, "distance": "Dot"}
    many["multivector_config"] = {"comparator": "max_sim"}
    reader.remake(plain.collection, _vectors(pages=many))
    seen = random.Random(14)
    rows = [[seen.uniform(-1, 1) for _ in range(128)] for _ in range(1030)]
    points = [
        {"id": number, "vector": {"pages": [rows[number], *rows[1:]]}, "payload": {}}
        for number in range(30)
    ]
    reader.put(plain.collection, points)
    job = clone(plain)
    assert (job.state, job.error) == (State.DONE, "")
    reader.require_equal(plain.collection, job.namespace_id, points=30)


def test_points_with_65_535_dimensions_are_copied(plain, reader, clone):
    long = {"size": 65_535, "distance": "Dot"}
    reader.remake(plain.collection, _vectors(v=long))
    reader.put(plain.collection, plain_points(12, size=65_535))
    job = clone(plain)
    assert (job.state, job.error) == (State.DONE, "")
    reader.require_equal(plain.collection, job.namespace_id, points=12)


REFUSALS = [
    refusal(413, "JSON payload (9 bytes) is larger than allowed (limit: 9000 bytes)."),
    refusal(413, "<html><h1>413 Request Entity Too Large</h1></html>"),
    refusal(400, "JSON payload (9 bytes) is larger than allowed (limit: 9000 bytes)."),
    refusal(400, "Payload Too Large"),
]


@pytest.mark.parametrize("refused", REFUSALS, ids=lambda answer: answer.body[:40])
def test_a_body_that_is_refused_is_split_until_it_fits(
    plain, reader, clone, proxy, refused
):
    reader.put(plain.collection, plain_points(60, text="x" * 1_000))
    sizes = []

    def refuse(asked):
        if asked.method == "PUT" and "/points" in asked.path:
            sizes.append(len(asked.body))
            if len(asked.body) > 9_000:
                return refused
        return None

    proxy.rule = refuse
    job = clone(plain)
    assert (job.state, job.error) == (State.DONE, "")
    reader.require_equal(plain.collection, job.namespace_id, points=60)
    assert max(sizes) > 9_000
    assert len([size for size in sizes if size <= 9_000]) >= 7


def test_a_point_that_no_request_can_hold_is_named(plain, reader, clone, proxy):
    points = plain_points(4)
    points[2] |= {"id": 17, "payload": {"text": "x" * 300_000}}
    reader.put(plain.collection, points)
    limit = "JSON payload is larger than allowed (limit: 262144 bytes)."
    proxy.rule = lambda asked: (
        refusal(413, limit)
        if asked.method == "PUT" and len(asked.body) > 262_144
        else None
    )
    job = clone(plain)
    assert job.state == State.FAILED
    assert job.error == "Point 17 has 0.3 MB; the server takes at most 0.2 MB."


def test_a_point_above_our_own_limit_is_named_before_it_is_sent(
    plain, reader, clone, proxy, settings
):
    settings.NSADMIN_QDRANT_MAX_BODY_BYTES = 2 * 1024 * 1024
    reader.put(plain.collection, plain_points(1, text="x" * 3_000_000))
    job = clone(plain)
    assert job.state == State.FAILED
    assert job.error == "Point 1 has 2.9 MB; the server takes at most 2 MB."
    written = [a for a in proxy.asked if a.method == "PUT" and "/points" in a.path]
    assert written == []


def test_pages_above_the_limit_on_answers_are_read_in_smaller_parts(
    plain, reader, clone, proxy, settings
):
    reader.put(plain.collection, plain_points(40, text="x" * 1_000))
    settings.NSADMIN_QDRANT_MAX_ANSWER_BYTES = 4_000
    job = clone(plain)
    assert (job.state, job.error) == (State.DONE, "")
    reader.require_equal(plain.collection, job.namespace_id, points=40)
    limits = {a.json["limit"] for a in proxy.asked if a.path.endswith("/scroll")}
    assert {8, 4, 2} <= limits


def test_a_point_above_the_limit_on_answers_is_named(plain, reader, clone, settings):
    reader.put(plain.collection, plain_points(3, text="x" * 9_000))
    settings.NSADMIN_QDRANT_MAX_ANSWER_BYTES = 8_000
    job = clone(plain)
    assert job.state == State.FAILED
    assert job.error.startswith("The first point cannot be read alone: Qdrant's answer")
