"""The scenario of a change over real stores: plan, commit, read back, mirror, audit."""

import pytest

from nsadmin.audit.models import AuditEvent
from nsadmin.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    PlanChanged,
    PreconditionFailed,
    Unavailable,
)
from nsadmin.jobs.models import Job
from nsadmin.namespaces.change import commit as changes
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.read import probe
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import make_namespace

TEXT = {
    "type": "text",
    "tokenizer": "prefix",
    "min_token_len": 1,
    "max_token_len": 12,
    "lowercase": True,
}


def live(namespace):
    found = collections.get(shared(), namespace.collection)
    assert found is not None
    return found


def commit(cast, body, *, role="admin", at=None, **options):
    identifier = (at or cast.own).namespace_id
    return changes.commit(cast.actor(role), identifier, parse_patch(body), **options)


def test_a_preview_writes_nothing(cast):
    before = store.get(cast.own.namespace_id)
    patch = parse_patch({"description": "Films.", "auto_create_indexes": True})
    shown = changes.preview(cast.actor(), cast.own.namespace_id, patch)
    assert [s.sentence() for s in shown.plan.steps] == [
        "Set the description.",
        "Turn automatic indexes on.",
    ]
    assert store.get(cast.own.namespace_id) == before
    assert AuditEvent.objects.count() == 0


def test_a_description_is_changed_audited_and_mirrored(cast):
    outcome = commit(cast, {"description": "Films from 1895 on."})
    raw = store.get(cast.own.namespace_id)
    assert raw["description"] == "Films from 1895 on."
    assert (raw["revision"], raw["observed_revision"]) == (2, 2)
    assert raw["changes"] == [{"op_id": outcome.op_id, "revision": 2}]
    row = MirroredNamespace.objects.get(pk=cast.own.namespace_id)
    assert (row.description, row.revision) == ("Films from 1895 on.", 2)
    event = AuditEvent.objects.get()
    assert (event.outcome, event.revision) == ("done", 2)
    assert event.changes[0]["after"] == "Films from 1895 on."
    assert event.actor_label == "key admin key"


def test_no_difference_is_a_cheap_success(cast):
    outcome = commit(cast, {"namespace_name": " film archive ", "description": ""})
    assert outcome.plan.is_empty
    assert store.get(cast.own.namespace_id)["revision"] == 1
    assert AuditEvent.objects.count() == 0


def test_an_index_is_built_changed_and_dropped(cast):
    body = {"payload_indexes": [{"field_name": "title", "field_schema": TEXT}]}
    assert commit(cast, body).converged
    index = live(cast.own).indexes["title"]
    assert (index.type, index.points) == ("text", 3)
    assert index.params["tokenizer"] == "prefix"

    changed = {**TEXT, "max_token_len": 20}
    body = {"payload_indexes": [{"field_name": "title", "field_schema": changed}]}
    outcome = commit(cast, body)
    assert [s.kind for s in outcome.plan.steps] == ["drop_index", "create_index"]
    assert outcome.plan.warnings[0].needs_tick
    assert live(cast.own).indexes["title"].params["max_token_len"] == 20

    assert commit(cast, {"payload_indexes": []}).converged
    assert "title" not in live(cast.own).indexes
    raw = store.get(cast.own.namespace_id)
    assert (raw["revision"], raw["observed_revision"]) == (4, 4)
    assert "pending" not in raw


@pytest.mark.parametrize(
    "kind", ["keyword", "integer", "float", "bool", "geo", "datetime", "text", "uuid"]
)
def test_every_index_type_is_built_and_read_back(cast, kind):
    body = {"payload_indexes": [{"field_name": "meta.value", "type": kind}]}
    assert commit(cast, body).converged
    assert live(cast.own).indexes["meta.value"].type == kind
    assert commit(cast, body).plan.is_empty


def test_an_appended_extractor_brings_its_vector_and_its_service(cast):
    body = {
        "feature_extractors": [
            {"feature_extractor_name": "text_extractor", "version": "v1"}
        ]
    }
    outcome = commit(cast, body)
    assert outcome.converged
    vector = live(cast.own).vectors["text_extractor_v1_embedding"]
    assert (vector.size, vector.distance) == (1024, "cosine")
    assert points.count(shared(), cast.own.collection) == 3
    raw = store.get(cast.own.namespace_id)
    assert raw["vector_inference_map"] == {
        "face_identity_extractor_v1_embedding": "face_identity_arcface_r100_v1",
        "text_extractor_v1_embedding": "multilingual_e5_large_instruct_v1",
    }
    assert commit(cast, body).plan.is_empty


def test_repair_adds_what_is_missing_and_then_nothing(cast):
    broken = make_namespace(
        cast.northlight,
        "out of sync",
        feature_extractors=[
            {"feature_extractor_name": "face_identity_extractor", "version": "v1"},
            {"feature_extractor_name": "image_extractor", "version": "v1"},
        ],
    )
    first = commit(cast, {"repair_vectors": True}, at=broken)
    assert [s.kind for s in first.plan.steps] == ["add_vector"]
    assert live(broken).vectors["image_extractor_v1_embedding"].size == 768
    second = commit(cast, {"repair_vectors": True}, at=broken)
    assert second.plan.is_empty
    assert store.get(broken.namespace_id)["revision"] == 2


def test_a_moved_plan_is_refused_and_another_field_is_not(cast):
    actor, name = cast.actor(), cast.own.namespace_id
    patch = parse_patch({"description": "Mine."})
    shown = changes.preview(actor, name, patch).plan
    commit(cast, {"auto_create_indexes": True})
    assert changes.commit(actor, name, patch, digest=shown.digest).converged

    patch = parse_patch({"description": "Mine again."})
    shown = changes.preview(actor, name, patch).plan
    commit(cast, {"description": "Theirs."})
    with pytest.raises(PlanChanged) as moved:
        changes.commit(actor, name, patch, digest=shown.digest)
    assert moved.value.details["plan"]["steps"][0]["before"] == "Theirs."
    assert store.get(name)["description"] == "Theirs."


def test_if_match_with_another_revision_is_stale(cast):
    with pytest.raises(PreconditionFailed) as stale:
        commit(cast, {"description": "x"}, if_match=7)
    assert stale.value.details["etag"] == "r1"


def test_who_may_not(cast):
    cast.open_sessions()
    with pytest.raises(NotFound):
        commit(cast, {"description": "x"}, at=cast.foreign)
    with pytest.raises(Forbidden):
        commit(cast, {"description": "x"}, at=cast.system)
    for role in ("viewer", "support"):
        with pytest.raises(Forbidden):
            commit(cast, {"description": "x"}, role=role)
    assert commit(cast, {"description": "x"}, role="platform_admin", at=cast.system)


def test_a_taken_name_is_a_conflict(cast):
    make_namespace(cast.northlight, "Zweites Archiv")
    with pytest.raises(Conflict) as taken:
        commit(cast, {"namespace_name": "zweites archiv"})
    assert taken.value.code == "namespace_name_taken"
    assert commit(cast, {"namespace_name": "museum objects"}).converged


def test_other_writers_keys_survive(cast):
    raw = store.get(cast.own.namespace_id)
    foreign = {"billing": {"plan": "x", "parts": [1, {"a": None}]}, "note": "kept"}
    assert store.replace(raw, {**raw, **foreign})
    commit(cast, {"description": "new"})
    after = store.get(cast.own.namespace_id)
    assert {k: after[k] for k in foreign} == foreign


def test_qdrant_away_refuses_index_changes_before_anything_is_written(cast, settings):
    settings.NSADMIN_QDRANT_URL = "http://127.0.0.1:9"
    with pytest.raises(Unavailable):
        commit(cast, {"payload_indexes": [{"field_name": "t", "type": "keyword"}]})
    assert store.get(cast.own.namespace_id)["revision"] == 1
    assert AuditEvent.objects.count() == 0
    assert commit(cast, {"description": "without Qdrant"}).converged


def test_a_look_is_shared_and_never_green_for_silence(cast, settings):
    first = probe.snapshot(cast.own)
    assert first is not None
    assert first.ok
    assert first.live is not None
    assert first.live.points == 3
    settings.NSADMIN_QDRANT_URL = "http://127.0.0.1:9"
    assert probe.snapshot(cast.own) == first
    silent = probe.snapshot(cast.own, force=True)
    assert silent is not None
    assert not silent.ok
    assert silent.status is None
    assert silent.live == first.live
    assert silent.unknown_since is not None
    again = probe.snapshot(cast.own, force=True)
    assert again is not None
    assert again.unknown_since == silent.unknown_since


def test_the_shape_of_a_source_waits_for_its_clone(cast):
    Job.objects.create(
        kind="clone",
        title="Clone",
        organization_id=cast.northlight.organization_id,
        internal_id=cast.northlight.internal_id,
        namespace_name="a copy",
        source_namespace_id=cast.own.namespace_id,
        actor_kind="user",
        actor_id="1",
        actor_label="mara",
    )
    with pytest.raises(Conflict) as busy:
        commit(cast, {"payload_indexes": [{"field_name": "t", "type": "keyword"}]})
    assert busy.value.code == "namespace_busy"
    assert "a copy" in busy.value.message
    assert commit(cast, {"description": "words may change"}).converged


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ray_head_node_url", "http://host:1"),
        ("ray_head_node_url", "ray://user:pw@host:1"),
        ("ray_head_node_url", "ray://host"),
        ("ray_head_node_url", 'ray://"><script>:1'),
        ("gpu_type", "<script>"),
        ("qdrant_url", "http://10.0.0.1:6333"),
        ("qdrant_collection", "ns_other"),
        ("min_workers", 50),
        ("nonsense", 1),
    ],
)
def test_refused_infrastructure_names_the_key(cast, key, value):
    with pytest.raises(Invalid) as fault:
        commit(cast, {"infrastructure": {key: value}})
    assert set(fault.value.errors) == {f"infrastructure.{key}"}
