"""Two configurations beside each other: what differs, what is equal, what is unknown."""

from datetime import UTC, datetime
from typing import Any

import pytest

from nsadmin.comparison.configuration import compare
from nsadmin.comparison.facts import Facts, LiveFacts
from nsadmin.comparison.make_like import NO_DOCUMENTS, likeness
from nsadmin.comparison.rows import NONE, UNKNOWN, FieldRow, count_row, value_row
from nsadmin.namespaces.schema import config, document
from nsadmin.namespaces.schema.document import Namespace

FACES = {"feature_extractor_name": "face_identity_extractor", "version": "v1"}
WORDS = {"feature_extractor_name": "text_extractor", "version": "v1"}
VECTOR = "face_identity_extractor_v1_embedding"
COUNTS = {"buckets": 1, "objects": 10}


def namespace(**values: Any) -> Namespace:
    raw = {
        "_id": "ns_one",
        "namespace_name": "one",
        "internal_id": "int_one",
        "infrastructure": {"compute_tier": "shared", "max_concurrent_jobs": 10},
        "feature_extractors": [FACES],
        **values,
    }
    return document.read(raw)


def index(field: str, **schema: Any) -> dict[str, Any]:
    return {"field_name": field, "type": schema["type"], "field_schema": schema}


def live(**values: Any) -> LiveFacts:
    return LiveFacts(**{"exists": True, "status": "green", "points": 100, **values})


SILENT = object()


def facts(of: Namespace, *, of_qdrant: Any = None, **values: Any) -> Facts:
    told = {
        "infrastructure": of.infrastructure,
        "has_key": None,
        "counts": COUNTS,
        "live": None if of_qdrant is SILENT else of_qdrant or live(),
    }
    return Facts(namespace=of, **{**told, **values})


def unlike(left: Facts, right: Facts) -> dict[str, FieldRow]:
    """Return what is not equal, by field."""
    rows = [row for group in compare(left, right) for row in group.shown]
    return {row.field: row for row in rows}


def test_the_same_twice_is_equal_in_every_group():
    one = facts(namespace())
    groups = compare(one, one)
    assert [row for group in groups for row in group.shown] == []
    assert [group.title for group in groups if group.equal] == [
        "Settings",
        "Feature extractors",
        "Vectors",
        "Payload indexes",
        "Tier and infrastructure",
        "Resources",
        "Documents",
        "Collection in Qdrant",
    ]


RANK = index("rank", type="integer")


@pytest.mark.parametrize(
    ("left", "right", "field", "difference"),
    [
        ({"description": "a"}, {}, "Description", "Set on the left only"),
        ({"description": "a"}, {"description": "b"}, "Description", "Different"),
        ({"auto_create_indexes": True}, {}, "Automatic indexes", "Different"),
        (
            {"muted_auto_indexes": ["a", "b"]},
            {"muted_auto_indexes": ["b", "c"]},
            "Fields without automatic indexes",
            "Only on the left: a; only on the right: c",
        ),
        ({}, {"protected": True}, "Protected from deletion", "Different"),
        (
            {"expires_at": datetime(2027, 1, 2, tzinfo=UTC)},
            {},
            "Expires",
            "Different",
        ),
        ({}, {"payload_indexes": [RANK]}, "rank", "Only on the right"),
        (
            {"payload_indexes": [index("rank", type="integer", lookup=False)]},
            {"payload_indexes": [RANK]},
            "rank",
            "finds equal values no → finds equal values yes",
        ),
        (
            {"payload_indexes": [index("rank", type="keyword")]},
            {"payload_indexes": [RANK]},
            "rank",
            "type keyword → type integer",
        ),
        (
            {"feature_extractors": []},
            {},
            "face_identity_extractor_v1",
            "Only on the right",
        ),
        (
            {"infrastructure": {"compute_tier": "dedicated_cpu"}},
            {},
            "Tier",
            "Different",
        ),
    ],
)
def test_what_differs_is_named_and_told(left, right, field, difference):
    found = unlike(facts(namespace(**left)), facts(namespace(**right)))
    assert found[field].difference == difference
    assert found[field].state == "differs"


def test_index_parameters_are_compared_after_their_defaults():
    bare = namespace(payload_indexes=[index("title", type="text")])
    filled = namespace(
        payload_indexes=[
            index(
                "title",
                type="text",
                tokenizer="word",
                min_token_len=2,
                max_token_len=15,
                lowercase=True,
            )
        ]
    )
    assert unlike(facts(bare), facts(filled)) == {}


def test_what_qdrant_has_is_compared_beside_what_is_declared():
    one = live(
        vectors={VECTOR: (512, "cosine")},
        indexes={"rank": {"type": "integer"}},
        vector_points={VECTOR: (90, 100)},
        segments=4,
    )
    other = live(
        vectors={VECTOR: (256, "cosine")},
        sparse_vectors=("words",),
        indexes={"rank": {"type": "integer", "lookup": False}},
        vector_points={VECTOR: (45, 100), "words": None},
        segments=4,
    )
    found = unlike(
        facts(namespace(), of_qdrant=one), facts(namespace(), of_qdrant=other)
    )
    said = {field: row.difference for field, row in found.items()}
    assert said == {
        f"{VECTOR} in Qdrant": "Different",
        "words in Qdrant": "Only on the right",
        "rank in Qdrant": "finds equal values yes → finds equal values no",
        f"Points with {VECTOR}": "45 more on the left",
        "Points with words": "Unknown on the right",
    }
    assert found[f"Points with {VECTOR}"].shares == (100, 50)


def test_a_limit_that_only_one_index_in_qdrant_has_is_a_difference():
    text = {"type": "text", "tokenizer": "word", "lowercase": True}
    one = live(indexes={"title": text})
    other = live(indexes={"title": {**text, "min_token_len": 2}})
    found = unlike(
        facts(namespace(), of_qdrant=one), facts(namespace(), of_qdrant=other)
    )
    assert found["title in Qdrant"].difference == "Different"


def test_silence_on_both_sides_is_unknown_and_not_equal():
    silent = facts(namespace(), of_qdrant=SILENT, counts={"buckets": UNKNOWN})
    found = unlike(silent, silent)
    assert found
    assert {row.state for row in found.values()} == {"unknown"}
    assert {row.difference for row in found.values()} == {"Unknown on both sides"}
    assert {"Points", "Buckets", "Exists", f"{VECTOR} in Qdrant"} <= set(found)


def test_a_missing_collection_is_told_from_silence():
    gone = facts(namespace(), of_qdrant=LiveFacts(exists=False))
    found = unlike(gone, facts(namespace()))
    assert found["Points"].difference == "Only on the right"
    assert found["Exists"].difference == "Different"


@pytest.mark.parametrize(
    ("left", "right", "state", "difference"),
    [
        (None, "", "equal", ""),
        ([], None, "equal", ""),
        (False, None, "differs", "Set on the left only"),
        (1, True, "differs", "Different"),
        ([1, 2], [2, 1], "differs", "Another order"),
        (NONE, NONE, "equal", ""),
        (NONE, UNKNOWN, "unknown", "Unknown on the right"),
        (UNKNOWN, UNKNOWN, "unknown", "Unknown on both sides"),
        ("a", NONE, "differs", "Only on the left"),
    ],
)
def test_values_that_are_absent(left, right, state, difference):
    row = value_row("x", left, right)
    assert (row.state, row.difference) == (state, difference)


def test_counts_have_bars_only_where_both_are_known():
    assert count_row("x", 3, 12).shares == (25, 100)
    assert count_row("x", 0, 0).shares == (0, 0)
    assert count_row("x", 3, UNKNOWN).shares is None
    assert count_row("x", 3, 12).difference == "9 more on the right"


# Make right like left -----------------------------------------------------------------


def test_a_likeness_of_the_same_is_empty():
    made = likeness(namespace(), namespace())
    assert made.is_empty
    assert made.limits == (NO_DOCUMENTS,)


def test_a_likeness_changes_the_right_and_says_what_stays():
    left = namespace(
        description="a",
        auto_create_indexes=True,
        feature_extractors=[WORDS],
        payload_indexes=[index("rank", type="integer", made_up=True)],
        infrastructure={"compute_tier": "dedicated_cpu"},
    )
    right = namespace(
        namespace_name="two",
        description="b",
        payload_indexes=[index("old", type="keyword")],
    )
    made = likeness(left, right)
    patch = config.patch_of(config.from_yaml(made.text), right)
    assert not made.is_empty
    assert patch.namespace_name is None
    assert patch.infrastructure is None
    assert (patch.description, patch.auto_create_indexes) == ("a", True)
    names = [entry.feature_extractor_name for entry in patch.feature_extractors or []]
    assert names == ["face_identity_extractor", "text_extractor"]
    assert [entry.field_name for entry in patch.payload_indexes or []] == ["rank"]
    assert made.limits == (
        "face_identity_extractor_v1 cannot be removed; neither can the vectors of it.",
        "The index on rank is made without made_up, which a plan cannot set.",
        "The tier is changed on the page Tier, by an admin.",
        NO_DOCUMENTS,
    )


def test_parameters_of_an_extractor_stay():
    left = namespace(feature_extractors=[{**FACES, "params": {"x": 1}}])
    made = likeness(left, namespace())
    assert made.is_empty
    assert "The parameters of face_identity_extractor_v1 cannot be changed." in (
        made.limits
    )
