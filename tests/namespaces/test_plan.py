"""Plans are pure: what a patch would do to a document, without any store."""

import copy

import pytest

from nsadmin.api.schemas.namespaces import payload_index
from nsadmin.errors import Conflict, Invalid
from nsadmin.namespaces.plan import steps
from nsadmin.namespaces.plan.desired import ActualCollection
from nsadmin.namespaces.plan.patch_request import make_plan
from nsadmin.namespaces.plan.plan import apply_steps
from nsadmin.namespaces.plan.repair import Repair, missing_vectors
from nsadmin.namespaces.read.rows import listed_indexes
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.extractor_registry import Extractor, VectorIndex
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.namespaces.schema.payload_indexes import PROTECTED_INDEXES

BARE = ActualCollection(exists=True, points=1200, vectors={}, indexes={})


def namespace(**changed):
    return document.read(
        {
            "_id": "ns_1",
            "namespace_id": "ns_1",
            "internal_id": "int_1",
            "namespace_name": "film archive",
            "infrastructure": {"qdrant_collection": "ns_1", "compute_tier": "shared"},
            "payload_indexes": [
                {
                    "field_name": "title",
                    "type": "text",
                    "field_schema": {"type": "text", "phrase_matching": True},
                },
                {"field_name": "year", "type": "integer", "origin": "auto"},
            ],
            "feature_extractors": [
                {"feature_extractor_name": "text_extractor", "version": "v1"}
            ],
            "revision": 4,
            **changed,
        }
    )


def plan_of(body, at=None, seen=BARE, **options):
    return make_plan(at or namespace(), parse_patch(body), actual=seen, **options)


def kinds(plan):
    return [(step.kind, getattr(step, "field", "")) for step in plan.steps]


def test_nothing_asked_nothing_planned():
    assert plan_of({}).is_empty
    assert plan_of({"namespace_name": "film archive"}).is_empty
    assert plan_of({"namespace_name": "film \u00a0archive"}).is_empty


def test_what_the_api_shows_can_be_sent_back():
    here = namespace()
    sent = [payload_index(i) for i in listed_indexes(here)]
    assert plan_of({"payload_indexes": sent}, here).is_empty


def test_left_out_indexes_are_dropped_and_others_stay():
    plan = plan_of({"payload_indexes": [{"field_name": "year", "type": "integer"}]})
    assert kinds(plan) == [("drop_index", "title")]
    assert plan.warnings[0].sentence == "Filters on title scan all 1,200 points."


def test_drops_come_before_builds():
    wanted = [
        {"field_name": "title", "type": "keyword"},
        {"field_name": "genre", "type": "keyword"},
    ]
    assert kinds(plan_of({"payload_indexes": wanted})) == [
        ("drop_index", "title"),
        ("drop_index", "year"),
        ("create_index", "title"),
        ("create_index", "genre"),
    ]


def test_an_unknown_parameter_of_an_index_survives_an_edit():
    edited = {"type": "text", "max_token_len": 30}
    wanted = [
        {"field_name": "title", "field_schema": edited},
        {"field_name": "year", "type": "integer"},
    ]
    plan = plan_of({"payload_indexes": wanted})
    assert plan.steps[1].schema["phrase_matching"] is True
    assert plan.steps[1].schema["max_token_len"] == 30


@pytest.mark.parametrize(
    ("wanted", "at"),
    [
        ([{"field_name": "internal_id", "type": "keyword"}], "field_name"),
        ([{"field_name": "x", "type": "keyword", "is_protected": True}], "is_protected"),
        ([{"field_name": "created_at", "type": "keyword", "is_protected": True}],
         "field_schema"),
        ([{"field_name": "x", "type": "keyword", "field_schema": {"type": "text"}}],
         "type"),
        ([{"field_name": "x"}], "type"),
        ([{"field_name": "x", "field_schema": {"type": "vector"}}], "field_schema.type"),
        ([{"field_name": "a b", "type": "keyword"}], "field_name"),
    ],
)  # fmt: skip
def test_refused_indexes_name_the_field(wanted, at):
    with pytest.raises(Invalid) as fault:
        plan_of({"payload_indexes": wanted})
    assert set(fault.value.errors) == {f"payload_indexes.0.{at}"}


def test_twice_and_too_many():
    twice = [{"field_name": "x", "type": "keyword"}] * 2
    with pytest.raises(Invalid) as fault:
        plan_of({"payload_indexes": twice})
    assert "payload_indexes.1.field_name" in fault.value.errors
    room = 100 - len(PROTECTED_INDEXES)
    many = [{"field_name": f"f{n}", "type": "keyword"} for n in range(room + 1)]
    assert len(plan_of({"payload_indexes": many[:-1]}).steps) == room + 2
    for body in (many, many * 60):
        with pytest.raises(Invalid) as fault:
            plan_of({"payload_indexes": body})
        assert set(fault.value.errors) == {"payload_indexes"}


def test_every_fault_is_reported_at_once():
    wanted = [
        {"field_name": "internal_id", "type": "keyword"},
        {"field_name": "x", "type": "text", "field_schema": {"tokenizer": "?"}},
    ]
    with pytest.raises(Invalid) as fault:
        plan_of({"payload_indexes": wanted})
    assert len(fault.value.errors) == 2


def extractor(name="image_extractor", version="v1", **more):
    return {"feature_extractor_name": name, "version": version, **more}


def test_an_extractor_brings_its_vectors():
    plan = plan_of({"feature_extractors": [extractor("multimodal_extractor")]})
    assert [s.kind for s in plan.steps] == [
        "append_extractor",
        "add_vector",
        "add_vector",
    ]
    assert "1,200 points will lack" in plan.warnings[0].sentence


def test_a_parameter_decides_the_size_and_the_service():
    models = [
        extractor("multimodal_extractor", "v2", params={"output_dimensionality": 768})
    ]
    plan = plan_of({"feature_extractors": models})
    assert plan.steps[1].size == 768
    small = extractor(
        "text_extractor", params={"embedding_model": "all_minilm_l6_v2_v1"}
    )
    empty = namespace(feature_extractors=[])
    plan = plan_of({"feature_extractors": [small]}, empty)
    assert plan.steps[1].size == 384
    assert plan.steps[0].inference == {
        "text_extractor_v1_embedding": "all_minilm_l6_v2_v1"
    }


def test_registered_extractors_are_kept_and_locked():
    same = extractor("text_extractor", params={})
    assert plan_of({"feature_extractors": [same]}).is_empty
    other = extractor(
        "text_extractor", params={"embedding_model": "gemini-embedding-2"}
    )
    with pytest.raises(Conflict) as locked:
        plan_of({"feature_extractors": [other]})
    assert locked.value.code == "extractor_params_locked"


@pytest.mark.parametrize(
    "entry",
    [
        extractor("no_such_extractor"),
        extractor("text_extractor", "v9"),
        extractor("image_extractor", params={"model": "unknown"}),
        extractor("image_extractor", params={"colour": 1}),
        extractor("image_extractor", feature_extractor_id="image_extractor_v2"),
    ],
)
def test_refused_extractors(entry):
    with pytest.raises(Invalid) as fault:
        plan_of({"feature_extractors": [entry]})
    assert next(iter(fault.value.errors)).startswith("feature_extractors.0")


def test_shared_vectors_are_added_once():
    both = [extractor("web_scraper"), extractor("course_content_extractor")]
    plan = plan_of({"feature_extractors": both}, namespace(feature_extractors=[]))
    names = [step.name for step in plan.steps if step.kind == "add_vector"]
    assert len(names) == len(set(names)) == 4


def test_a_vector_of_another_size_in_qdrant_is_refused():
    seen = ActualCollection(
        exists=True,
        points=1,
        vectors={"image_extractor_v1_embedding": (512, "cosine")},
        indexes={},
    )
    with pytest.raises(Invalid):
        plan_of({"feature_extractors": [extractor()]}, seen=seen)


def test_an_extractor_may_require_indexes():
    needy = Extractor(
        name="needy",
        version="v1",
        description="Needs an index.",
        inputs=("text",),
        category="text",
        vectors=(VectorIndex("needy_v1_embedding", 8, "cosine", "needy_service"),),
        required_payload_indexes=(("lang", "keyword"),),
    )
    registry = {needy.id: needy}
    here = namespace(feature_extractors=[], payload_indexes=[])
    plan = plan_of(
        {"feature_extractors": [extractor("needy")]}, here, registry=registry
    )
    assert kinds(plan)[-1] == ("create_index", "lang")
    assert plan.steps[-1].origin == "extractor"
    after = apply_steps(here.raw, plan.steps)
    assert after["payload_indexes"] == []
    with pytest.raises(Invalid):
        plan_of(
            {"payload_indexes": [{"field_name": "lang", "type": "keyword"}]},
            document.read(after),
            registry=registry,
        )


def origins(plan):
    return {s.field: s.origin for s in plan.steps if s.kind == "create_index"}


def test_repair_plans_what_qdrant_lacks_and_nothing_else():
    here = namespace()
    (missing,) = missing_vectors(here, BARE)
    assert isinstance(missing, steps.AddVector)
    assert missing.name == "text_extractor_v1_embedding"
    assert len(Repair().plan(here, BARE).steps) == 1 + len(PROTECTED_INDEXES) + 2
    assert origins(Repair().plan(here, BARE)) == {
        **dict.fromkeys(PROTECTED_INDEXES, "system"),
        "title": "user",
        "year": "auto",
    }
    whole = ActualCollection(
        exists=True,
        points=5,
        vectors={"text_extractor_v1_embedding": (1024, "cosine"), "extra": (3, "dot")},
        indexes={**PROTECTED_INDEXES, "title": {}, "year": {}, "extra": {}},
    )
    assert Repair().plan(here, whole).is_empty


def test_the_digest_names_steps_and_before_values_not_the_revision():
    body = {"description": "new"}
    same = plan_of(body, namespace(revision=9)).digest
    assert plan_of(body).digest == same
    assert plan_of(body, namespace(description="other")).digest != same


def test_applying_leaves_the_original_alone_and_keeps_foreign_keys():
    raw = namespace(billing={"x": [1]}).raw
    before = copy.deepcopy(raw)
    plan = plan_of({"description": "new", "payload_indexes": []}, document.read(raw))
    after = apply_steps(raw, plan.steps)
    assert raw == before
    assert after["billing"] == {"x": [1]}
    assert after["payload_indexes"] == []
    assert after["muted_auto_indexes"] == ["year"]


def test_asking_again_for_a_muted_index_unmutes_it():
    here = namespace(payload_indexes=[], muted_auto_indexes=["year"])
    wanted = {"payload_indexes": [{"field_name": "year", "type": "integer"}]}
    after = apply_steps(here.raw, plan_of(wanted, here).steps)
    assert after["muted_auto_indexes"] == []


def test_steps_survive_being_written_down():
    body = {
        "description": "new",
        "feature_extractors": [extractor()],
        "payload_indexes": [{"field_name": "genre", "type": "keyword"}],
    }
    for step in plan_of(body).steps:
        assert steps.from_json({**step.to_json(), "later": 1}) == step
        assert step.sentence().endswith(".")


def test_a_name_key_is_read_back_from_what_others_left():
    odd = document.read({"_id": "ns_2", "payload_indexes": None, "revision": None})
    assert (odd.revision, odd.tier, odd.indexes) == (0, "shared", ())
    assert plan_of({"description": "x"}, odd).steps[0].before is None
