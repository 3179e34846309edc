"""Infrastructure as pure rules: what each tier allows, needs and refuses."""

import pytest

from nsadmin.errors import Invalid
from nsadmin.namespaces.plan import steps
from nsadmin.namespaces.plan.infrastructure_steps import NO_FACTS, ClusterFacts, differs
from nsadmin.namespaces.plan.patch_request import make_plan
from nsadmin.namespaces.plan.plan import apply_steps
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.patch import parse_patch

URL = "https://q.example:6333"
RAY = "ray://ray.example:10001"
SENT = ClusterFacts(url=URL, key="new")
KEPT = ClusterFacts(stored_url=URL, stored_key="old")
DEDICATED = {
    "compute_tier": "dedicated_cpu",
    "qdrant_url": URL,
    "qdrant_api_key_sealed": {"kid": "t1", "box": "canary"},
    "ray_head_node_url": RAY,
    "someone_elses": {"kept": True},
}
MOVE = {
    "compute_tier": "dedicated_cpu",
    "qdrant_url": URL,
    "qdrant_api_key": "canary",
    "ray_head_node_url": RAY,
}


def namespace(**infrastructure):
    stored = {"qdrant_collection": "ns_1", **infrastructure}
    return document.read({"_id": "ns_1", "infrastructure": stored, "revision": 4})


def plan_of(given, at=None, told=NO_FACTS):
    patch = parse_patch({"infrastructure": given})
    return make_plan(at or namespace(), patch, actual=None, facts=told)


def changed(plan):
    return {
        step.field.removeprefix("infrastructure."): step.after
        for step in plan.steps
        if isinstance(step, steps.SetField)
    }


def faults(given, at=None, told=NO_FACTS):
    with pytest.raises(Invalid) as fault:
        plan_of(given, at, told)
    return {key.removeprefix("infrastructure.") for key in fault.value.errors}


BOUNDS = {
    "max_concurrent_jobs": (1, 1000),
    "min_workers": (0, 100),
    "max_workers": (1, 100),
    "gpus_per_worker": (0, 8),
    "max_custom_models": (0, 50),
    "max_custom_plugins": (0, 100),
}


@pytest.mark.parametrize(("key", "bounds"), BOUNDS.items(), ids=BOUNDS)
def test_every_range_holds_at_both_ends(key, bounds):
    low, high = bounds
    at = namespace(**DEDICATED, min_workers=0, max_workers=100)
    if key == "max_workers":
        at = namespace(**DEDICATED, min_workers=0)
    for value in bounds:
        assert changed(plan_of({key: value}, at, KEPT)).get(key, value) == value
    for value in (low - 1, high + 1, str(low), float(low), True):
        assert faults({key: value}, at, KEPT) == {key}


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ({"qdrant_collection": "ns_2"}, {}),
        ({"qdrant_collection": "ns"}, {}),
        ({"compute_tier": "quantum"}, {}),
        ({"speed": 1}, {}),
        ({"qdrant_url": URL}, {}),
        ({"qdrant_api_key": "canary"}, {}),
        ({"max_custom_models": 1}, {}),
        ({"max_custom_plugins": 1}, {}),
        ({"qdrant_api_key_provided": True}, {}),
        ({"qdrant_api_key_provided": False}, DEDICATED),
        ({"ray_head_node_url": "ray://host:0"}, {}),
        ({"ray_head_node_url": "ray://host:65536"}, {}),
        ({"ray_head_node_url": "ray://" + "h" * 250 + ":1"}, {}),
        ({"ray_head_node_url": ""}, DEDICATED),
        ({"qdrant_api_key": ""}, DEDICATED),
        ({"qdrant_api_key": "two words"}, DEDICATED),
        ({"qdrant_api_key": "line\nbreak"}, DEDICATED),
        ({"qdrant_api_key": "x" * 513}, DEDICATED),
        ({"qdrant_api_key": 1}, DEDICATED),
        ({"gpu_type": "x" * 65}, {}),
        ({"gpu_type": " A100"}, {}),
        ({"description": "x" * 2001}, {}),
        ({"ray_cluster_id": "ray_abc"}, {}),
        ({"ray_dashboard_url": "http://h:8265"}, {}),
        ({"s3_vector_bucket": "b"}, {}),
        ({"s3_plugin_bucket": "b"}, {}),
        ({"s3_plugin_prefix": "p/"}, {}),
        ({"compute_profiles": {}}, {}),
        ({"authorization": {}}, {}),
        ({"min_workers": 11}, {}),
        ({"max_workers": 3}, {"min_workers": 4}),
    ],
)  # fmt: skip
def test_what_is_refused_is_named(given, at):
    key = next(iter(given))
    named = {"max_workers": "min_workers"}.get(key, key)
    assert faults(given, namespace(**at), KEPT) == {named}


def test_a_refusal_says_why_and_never_what_the_key_was():
    with pytest.raises(Invalid) as fault:
        plan_of({"compute_profiles": {}, "qdrant_api_key": "canary two"})
    assert "not offered" in str(fault.value.errors)
    assert "canary" not in f"{fault.value} {fault.value.errors} {fault.value.details}"


@pytest.mark.parametrize(
    ("tier", "needs"),
    [
        ("dedicated_cpu", {"qdrant_url", "qdrant_api_key", "ray_head_node_url"}),
        (
            "dedicated_gpu",
            {
                *("qdrant_url", "qdrant_api_key", "ray_head_node_url"),
                *("gpu_type", "gpus_per_worker"),
            },
        ),
    ],
)
def test_a_dedicated_tier_names_everything_that_it_needs(tier, needs):
    assert faults({"compute_tier": tier}) == needs


def test_a_gpu_tier_needs_at_least_one_gpu():
    gpu = {**MOVE, "compute_tier": "dedicated_gpu", "gpu_type": "A100"}
    assert faults({**gpu, "gpus_per_worker": 0}, told=SENT) == {"gpus_per_worker"}
    assert changed(plan_of({**gpu, "gpus_per_worker": 1}, told=SENT))["gpu_type"]
    at = namespace(**{**DEDICATED, **gpu, "gpus_per_worker": 2})
    assert faults({"gpus_per_worker": 0}, at, KEPT) == {"gpus_per_worker"}
    assert faults({"gpu_type": ""}, at, KEPT) == {"gpu_type"}


def test_a_move_to_a_tier_is_its_fields_and_a_sealed_key():
    plan = plan_of(MOVE, told=SENT)
    assert [getattr(step, "field", "") for step in plan.steps] == [
        "infrastructure.compute_tier",
        "infrastructure.qdrant_url",
        "qdrant_api_key",
        "infrastructure.ray_head_node_url",
    ]
    assert plan.moves
    assert not plan.needs_qdrant
    assert "canary" not in f"{plan} {plan.to_json()}"
    assert "new" not in str(plan.to_json()["steps"][2])
    after = apply_steps(namespace().raw, plan.steps, sealed={"box": "sealed"})
    stored = after["infrastructure"]
    assert stored["qdrant_api_key_sealed"] == {"box": "sealed"}
    assert "qdrant_api_key" not in stored


def test_what_was_lacking_before_does_not_stand_against_other_changes():
    lacking = namespace(compute_tier="dedicated_cpu", max_custom_models=3)
    assert changed(plan_of({"max_workers": 3}, lacking)) == {"max_workers": 3}
    odd = namespace(max_custom_models=7, min_workers=9, max_workers=2)
    assert changed(plan_of({"max_concurrent_jobs": 3}, odd))


def test_going_back_to_shared_drops_address_and_key_and_keeps_what_others_wrote():
    at = namespace(**DEDICATED)
    plan = plan_of({"compute_tier": "shared"}, at, KEPT)
    stored = apply_steps(at.raw, plan.steps)["infrastructure"]
    assert stored == {
        "qdrant_collection": "ns_1",
        "compute_tier": "shared",
        "ray_head_node_url": RAY,
        "someone_elses": {"kept": True},
    }
    assert any("is removed" in w.sentence for w in plan.warnings)
    models = namespace(**DEDICATED, max_custom_models=2)
    assert faults({"compute_tier": "shared"}, models, KEPT) == {"max_custom_models"}
    both = {"compute_tier": "shared", "max_custom_models": 0}
    assert changed(plan_of(both, models, KEPT))["max_custom_models"] == 0


def test_a_new_address_needs_its_key():
    at = namespace(**DEDICATED)
    elsewhere = ClusterFacts(
        url="https://evil.example:6333", stored_url=URL, stored_key="old"
    )
    given = {"qdrant_url": "https://evil.example:6333"}
    assert faults(given, at, elsewhere) == {"qdrant_api_key"}
    same = ClusterFacts(url=URL, stored_url=URL, stored_key="old")
    assert plan_of({"qdrant_url": "HTTPS://Q.example:6333/"}, at, same).is_empty


def test_the_same_key_again_is_no_change_and_another_moves_the_digest():
    at = namespace(**DEDICATED)
    given = {"qdrant_api_key": "canary"}
    assert plan_of(given, at, ClusterFacts("", URL, "old", "old")).is_empty
    one = plan_of(given, at, ClusterFacts("", URL, "one", "old"))
    two = plan_of(given, at, ClusterFacts("", URL, "two", "old"))
    assert one.digest != two.digest
    assert one.steps[0].sentence().startswith("Replace")


def test_null_and_what_is_stored_or_usual_change_nothing():
    at = namespace(**DEDICATED)
    said = {
        "compute_tier": "dedicated_cpu",
        "qdrant_collection": "ns_1",
        "qdrant_api_key_provided": True,
        "max_workers": 10,
        "max_custom_models": 0,
        "s3_plugin_bucket": "mixpeek-plugins",
        "description": None,
        "qdrant_api_key": None,
    }
    assert plan_of(said, at, KEPT).is_empty
    assert not differs(at, said)
    assert differs(at, {"max_workers": 11})
    assert differs(at, {"qdrant_api_key": "x"})


def test_texts_are_cleared_by_an_empty_one_where_the_tier_allows():
    at = namespace(description="old", gpu_type="T4", ray_head_node_url=RAY)
    given = {"description": "", "gpu_type": "", "ray_head_node_url": ""}
    assert changed(plan_of(given, at)) == dict.fromkeys(given)
    stored = apply_steps(at.raw, plan_of(given, at).steps)["infrastructure"]
    assert stored == {"qdrant_collection": "ns_1"}
