"""A clone from beginning to end over real stores."""

from dataclasses import asdict

import pytest

from nsadmin.audit.models import AuditEvent
from nsadmin.clones.preview import preview
from nsadmin.clones.request import CloneRequest, Include, parse_clone
from nsadmin.clones.rewrite.remap import LOST_EDGES, LOST_REFERENCES
from nsadmin.clones.start import launch
from nsadmin.clones.state import state_of
from nsadmin.jobs.models import State
from nsadmin.namespaces.schema.payload_indexes import PROTECTED_INDEXES
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo import resources
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import shared
from tests.clones.conftest import require_verified, run_to_the_end
from tests.clones.sources import Names

FULL = {"collections": True, "retrievers": True, "taxonomies": True}


def _everything(namespace_id: str) -> str:
    """All that the clone holds, in one text."""
    rows = [store.get(namespace_id)]
    rows += [d for kind in resources.KINDS for d in resources.every(kind, namespace_id)]
    rows += points.page(shared(), namespace_id, limit=1000)[0]
    return repr(rows)


def test_a_clone_is_complete_and_refers_to_nothing_of_its_source(world, source):
    request = CloneRequest("staging", Include(**FULL))
    begun = launch(world.actor("member"), source.namespace_id, request)
    clone = state_of(begun.job)
    assert clone.view.namespace.clone_status == "cloning"
    assert set(clone.copied.values()) == {0}
    assert clone.job.source_namespace_id == source.namespace_id
    job = run_to_the_end(begun.job)
    assert (job.state, job.error) == (State.DONE, "")
    clone = state_of(job)
    assert clone.view.namespace.clone_status == "ready"
    assert clone.copied == {
        "buckets": 2,
        "objects": 7,
        "collections": 2,
        "retrievers": 2,
        "taxonomies": 2,
        "points": 40,
    }
    require_verified(job)
    assert job.outputs["source_changed"] is False
    assert job.progress["percent"] == 100
    new = job.namespace_id
    names = Names(source.namespace_id)
    text = _everything(new).replace(f"not {names.base} itself", "")
    text = text.replace(f"See {names.base}.", "")
    text = text.replace(f"s3://x/{names.bucket}", "")
    text = text.replace(f"s3://files/{names.namespace}/{names.bucket}", "")
    text = text.replace(f"'key_prefix': '{names.namespace}/{names.bucket}'", "")
    text = text.replace(f"'source_namespace_id': '{names.namespace}'", "")
    for old in vars(names).values():
        assert old not in text, old


def test_the_clones_document_holds_what_it_should_and_no_more(world, source):
    raw = store.get(source.namespace_id)
    store.replace(
        raw,
        {
            **raw,
            "description": "The source",
            "cluster_id": "iclstr_1",
            "anything_else": "x",
            "revision": 2,
        },
    )
    begun = launch(world.actor(), source.namespace_id, CloneRequest("staging"))
    run_to_the_end(begun.job)
    made = store.get(begun.job.namespace_id)
    assert made["description"] == "The source"
    assert made["clone_status"] == "ready"
    assert made["observed_revision"] == made["revision"]
    assert made["feature_extractors"] == raw["feature_extractors"]
    assert made["payload_indexes"] == raw["payload_indexes"]
    assert made["vector_inference_map"] == raw["vector_inference_map"]
    assert made["infrastructure"]["qdrant_collection"] == made["_id"]
    assert not {"cluster_id", "anything_else", "expires_at"} & set(made)


def test_the_collection_has_the_indexes_of_the_source(world, source):
    collections.create_index(
        shared(), source.collection, "title", {"type": "text", "tokenizer": "prefix"}
    )
    begun = launch(world.actor(), source.namespace_id, CloneRequest("staging"))
    run_to_the_end(begun.job)
    live = collections.get(shared(), source.collection)
    made = collections.get(shared(), begun.job.namespace_id)
    assert made.vectors == live.vectors
    assert {f: (i.type, i.params) for f, i in made.indexes.items()} == {
        f: (i.type, i.params) for f, i in live.indexes.items()
    }
    assert set(PROTECTED_INDEXES) <= set(made.indexes)
    assert made.raw["metadata"]["cloned_from"] == source.namespace_id


def test_points_keep_ids_and_vectors_and_stay_as_incomplete_as_they_were(world, source):
    begun = launch(world.actor(), source.namespace_id, CloneRequest("staging"))
    run_to_the_end(begun.job)
    before, _ = points.page(shared(), source.collection, with_vectors=True)
    after, _ = points.page(shared(), begun.job.namespace_id, with_vectors=True)
    assert len(before) == 40
    assert [p["id"] for p in after] == [p["id"] for p in before]
    for one, other in zip(before, after, strict=True):
        assert one["vector"].keys() == other["vector"].keys()
        for name, numbers in one["vector"].items():
            assert numbers == pytest.approx(other["vector"][name], rel=1e-5, abs=1e-6)
        assert one["payload"]["score"] == other["payload"]["score"]


def test_many_small_slices_make_the_same_clone(world, source):
    begun = launch(
        world.actor(), source.namespace_id, CloneRequest("staging", Include(**FULL))
    )
    job = run_to_the_end(begun.job, slice_s=0)
    assert job.state == State.DONE
    assert job.epoch > 10
    assert job.outputs["cloned_resources"]["points"] == 40
    require_verified(job)


@pytest.mark.parametrize("with_collections", [True, False])
@pytest.mark.parametrize("with_retrievers", [True, False])
@pytest.mark.parametrize("with_taxonomies", [True, False])
def test_every_combination_ends_ready_with_nothing_dangling(
    world, source, with_collections, with_retrievers, with_taxonomies
):
    include = Include(with_collections, with_retrievers, with_taxonomies)
    request = CloneRequest("staging", include)
    shown = preview(world.actor(), source.namespace_id, request)
    begun = launch(world.actor(), source.namespace_id, request)
    job = run_to_the_end(begun.job)
    assert (job.state, job.error) == (State.DONE, "")
    assert job.outputs["cloned_resources"] == shown.counts
    chosen = asdict(include)
    assert job.outputs["kinds_left_out"] == {
        kind: count
        for kind, count in resources.counts(source.namespace_id).items()
        if not chosen.get(kind, True)
    }
    told, found = set(shown.losses.lost), set(job.outputs["dropped"])
    # Objects and points are read by the job alone.
    assert found - told <= {LOST_REFERENCES, LOST_EDGES}
    assert told <= found
    assert job.outputs["cloned_resources"] == {
        "buckets": 2,
        "objects": 7,
        "collections": 2 * with_collections,
        "points": 40 * with_collections,
        "retrievers": 2 * with_retrievers,
        "taxonomies": 2 * with_taxonomies,
    }
    new = begun.job.namespace_id
    taxonomies = list(resources.every("taxonomies", new))
    assert len(taxonomies) == 2 * with_taxonomies
    for made in taxonomies:
        whole = with_collections and with_retrievers
        assert made["ready"] is whole
    retrievers = list(resources.every("retrievers", new))
    assert len(retrievers) == 2 * with_retrievers
    for made in retrievers:
        assert made["is_published"] is False
        assert "marketplace_listing_id" not in made
    assert len(shown.left_out) >= 1


def test_an_audit_row_is_opened_and_closed(world, source):
    begun = launch(world.actor(), source.namespace_id, CloneRequest("staging"))
    row = AuditEvent.objects.get(namespace_id=begun.job.namespace_id)
    assert (row.action, row.outcome) == ("namespace:clone", "attempted")
    run_to_the_end(begun.job)
    row.refresh_from_db()
    assert row.outcome == "done"


def test_the_specifications_own_body_is_accepted(world, source):
    body = {
        "namespace_name": "staging",
        "include_resources": {
            "collections": True,
            "retrievers": True,
            "taxonomies": False,
        },
        "description": "Staging clone from production",
        "source_organization_id": world.northlight.organization_id,
    }
    begun = launch(world.actor("member"), source.name, parse_clone(body))
    assert begun.namespace.namespace.description == "Staging clone from production"
    assert run_to_the_end(begun.job).state == State.DONE


def test_a_source_without_a_collection_gives_an_empty_clone(world):
    from tests.clones.sources import make_source

    bare = make_source(world.northlight, "bare", point_count=0)
    collections.drop(shared(), bare.collection)
    begun = launch(world.actor(), bare.namespace_id, CloneRequest("staging"))
    job = run_to_the_end(begun.job)
    assert (job.state, job.error) == (State.DONE, "")
    made = collections.get(shared(), job.namespace_id)
    assert len(made.vectors) == 2
