"""What is measured: points of each collection without an extractor's vectors."""

import pytest

from nsadmin.audit.models import AuditEvent
from nsadmin.errors import Conflict, Forbidden, Invalid, NotFound
from nsadmin.namespaces.read import probe, queries, snapshots
from nsadmin.reprocessing import asking, coverage, measuring
from nsadmin.reprocessing.models import ReprocessRequest
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo import resources
from tests.cast import make_namespace
from tests.reprocessing.appended import (
    FACES,
    TEXT_VECTOR,
    TEXTS,
    appended_for,
    process,
)


def counts(namespace, vectors=(TEXT_VECTOR,), **options):
    found = coverage.measure(namespace, vectors, within_s=5, **options)
    return {row.collection_id: (row.points, row.lacking) for row in found.rows}


def test_each_collection_is_counted_by_itself(appended):
    assert counts(appended) == {"col_a": (4, 4), "col_b": (2, 2)}
    process(appended, {1: "col_a", 2: "col_a", 5: "col_b"})
    assert counts(appended) == {"col_a": (4, 2), "col_b": (2, 1)}
    assert counts(appended, only=["col_b"]) == {"col_b": (2, 1)}


def test_without_time_nothing_is_known(appended):
    found = coverage.measure(appended, [TEXT_VECTOR], within_s=0)
    assert {row.lacking for row in found.rows} == {None}
    assert not found.is_whole


def test_a_silent_qdrant_leaves_the_counts_unknown(appended, settings):
    settings.NSADMIN_QDRANT_URL = "http://127.0.0.1:9"
    found = coverage.measure(appended, [TEXT_VECTOR], within_s=2)
    assert {row.lacking for row in found.rows} == {None}


def test_further_collections_are_left_out(appended):
    resources.put(
        "collections",
        [
            {
                "_id": f"{appended.namespace_id}:more_{number}",
                "collection_id": f"more_{number}",
                "namespace_id": appended.namespace_id,
            }
            for number in range(coverage.MOST_COLLECTIONS)
        ],
    )
    found = coverage.measure(appended, [TEXT_VECTOR], within_s=10)
    assert len(found.rows) == coverage.MOST_COLLECTIONS
    assert found.more == 2
    assert not found.is_whole


def test_a_vector_of_another_extractor_says_nothing(cast):
    both = make_namespace(
        cast.northlight,
        "shared vectors",
        extractors=("multimodal_extractor_v1", "text_extractor_v1"),
    )
    vectors = coverage.measured_vectors(both, "multimodal_extractor_v1", None)
    assert vectors == [
        "multimodal_extractor_v1_multimodal_embedding",
        "multimodal_extractor_v1_transcription_embedding",
    ]
    assert coverage.measured_vectors(both, "image_extractor_v1", None) == []


def test_vectors_that_no_point_has_are_measured_alone(cast):
    name = "multimodal_extractor_v1_transcription_embedding"
    extractor = "multimodal_extractor_v1"
    films = make_namespace(cast.northlight, "silent", extractors=(extractor,))
    probe.snapshot(films, force=True, wait_s=2)
    snapshots.record(films.namespace_id, **{f"having:{name}": {"have": 0, "of": 3}})
    told = snapshots.stored(films.namespace_id)
    assert coverage.measured_vectors(films, extractor, told) == [name]


def test_the_request_ends_when_every_point_has_the_vectors(cast, appended):
    row = asking.ask(cast.actor("member"), appended.namespace_id, TEXTS)
    assert measuring.measure(row.request_id)
    row.refresh_from_db()
    assert (row.points, row.lacking, row.percent) == (6, 6, 0)
    process(appended, dict.fromkeys(range(1, 5), "col_a"))
    measuring.measure(row.request_id)
    row.refresh_from_db()
    assert (row.having, row.points, row.first_lacking) == (4, 6, 6)
    assert row.is_open
    process(appended, dict.fromkeys((5, 6), "col_b"))
    measuring.run()
    row.refresh_from_db()
    assert (row.state, row.ended_by, row.lacking) == ("done", "measured", 0)
    done = AuditEvent.objects.get(action="reprocess:done")
    assert (done.actor_kind, done.namespace_id) == ("system", appended.namespace_id)


def test_while_qdrant_is_silent_the_last_counts_stay(cast, appended, settings):
    row = asking.ask(cast.actor("member"), appended.namespace_id, TEXTS)
    measuring.measure(row.request_id)
    settings.NSADMIN_QDRANT_URL = "http://127.0.0.1:9"
    assert not measuring.measure(row.request_id)
    row.refresh_from_db()
    assert (row.points, row.lacking) == (6, 6)
    assert row.tried_at > row.measured_at


def test_a_collection_without_points_is_not_complete(cast):
    empty = appended_for(cast, "no points", col_a=0)
    row = asking.ask(cast.actor("member"), empty.namespace_id, TEXTS)
    assert measuring.measure(row.request_id)
    row.refresh_from_db()
    assert row.is_open
    assert row.percent is None


def test_the_request_ends_with_its_namespace(cast, appended):
    row = asking.ask(cast.actor("member"), appended.namespace_id, TEXTS)
    store.delete(appended.namespace_id, revision=1)
    measuring.measure(row.request_id)
    row.refresh_from_db()
    assert (row.state, row.error) == ("cancelled", "The namespace was deleted.")


def test_asking_is_recorded_and_audited_once(cast, appended):
    actor = cast.actor("member")
    row = asking.ask(actor, appended.namespace_id, TEXTS)
    again = asking.ask(actor, appended.namespace_id, TEXTS)
    assert again.request_id == row.request_id
    assert row.collection_ids == ["col_a", "col_b"]
    event = AuditEvent.objects.get(action="reprocess:request")
    assert (event.actor_id, event.organization_id) == (
        actor.id,
        cast.northlight.organization_id,
    )
    with pytest.raises(Conflict, match="for other collections"):
        asking.ask(actor, appended.namespace_id, TEXTS, collection_ids=["col_a"])
    asking.ask(actor, appended.namespace_id, FACES, collection_ids=["col_a"])
    assert ReprocessRequest.objects.count() == 2


@pytest.mark.parametrize(
    ("extractor", "chosen", "says"),
    [
        ("image_extractor_v1", None, "not registered"),
        (TEXTS, ["col_a", "col_of_others"], "no collection col_of_others"),
        (TEXTS, [], "no collection to process"),
        (TEXTS, [f"c{n}" for n in range(51)], "50 collections at most"),
    ],
)
def test_what_cannot_be_asked(cast, appended, extractor, chosen, says):
    with pytest.raises(Invalid) as refused:
        asking.ask(
            cast.actor(), appended.namespace_id, extractor, collection_ids=chosen
        )
    assert says in str(refused.value.errors)


def test_who_may_ask(cast, appended):
    with pytest.raises(Forbidden):
        asking.ask(cast.actor("viewer"), appended.namespace_id, TEXTS)
    with pytest.raises(NotFound):
        asking.ask(cast.actor("stranger"), appended.namespace_id, TEXTS)
    row = asking.ask(cast.actor(), appended.namespace_id, TEXTS)
    with pytest.raises(NotFound):
        asking.cancel(cast.actor(), cast.own.namespace_id, row.request_id)
    with pytest.raises(Forbidden):
        asking.cancel(cast.actor("viewer"), appended.namespace_id, row.request_id)


def test_cancelling_ends_it_once(cast, appended):
    row = asking.ask(cast.actor(), appended.namespace_id, TEXTS)
    for _ in range(2):
        row = asking.cancel(cast.actor(), appended.namespace_id, row.request_id)
    assert (row.state, row.ended_by) == ("cancelled", "person")
    assert row.ended_label == cast.actor().label
    assert AuditEvent.objects.filter(action="reprocess:cancel").count() == 1
    view = queries.get(cast.actor(), appended.namespace_id)
    assert asking.ask(cast.actor(), view.namespace.namespace_id, TEXTS).is_open
