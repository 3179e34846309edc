"""Rewriting documents for a clone, kind by kind; pure functions without stores."""

import copy
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nsadmin.clones.rewrite import remap
from nsadmin.clones.rewrite.id_map import IdMap, build_id_map, new_id
from nsadmin.clones.rewrite.payload import names_another
from nsadmin.clones.rewrite.references import find_references, rewrite_references
from nsadmin.clones.rewrite.remap import OmissionLog
from nsadmin.resources.references.fields import (
    UNCHANGED_KEYS,
    IdKind,
    has_id_shape,
    kinds_of,
)

JOB = UUID("4f5c6a34-6a0c-4a6e-9a53-0d1f6f4d2b11")
NS, BKT, COL, COL2 = "ns_source001", "bkt_source1", "col_source1", "col_source2"
RET, TAX = "ret_source1", "tax_source1"
FOUND: dict[IdKind, list[str]] = {
    "buckets": [BKT],
    "collections": [COL, COL2],
    "retrievers": [RET],
    "taxonomies": [TAX],
}
ALL = tuple(FOUND)


def ids(*copied: IdKind, tenant: tuple[str, str] | None = None) -> IdMap:
    return build_id_map(JOB, NS, FOUND, copied or ALL, tenant)


def new(old: str, kind: IdKind | None = None) -> str:
    kinds: dict[str, IdKind] = {
        "ns": "namespaces",
        "bkt": "buckets",
        "col": "collections",
    }
    kinds |= {"ret": "retrievers", "tax": "taxonomies"}
    return new_id(JOB, kind or kinds[old.partition("_")[0]], old)


def renamed(value: Any, mapped: IdMap | None = None, key: str = "") -> Any:
    return rewrite_references(value, mapped or ids(), key)[0]


# Ids ----------------------------------------------------------------------------------


def test_ids_have_their_kinds_shape_and_come_from_the_job():
    assert new(NS).startswith("ns_")
    assert new(COL).startswith("col_")
    assert len(new(COL)) == len("col_") + 10
    assert all(has_id_shape(new(old)) for old in (NS, BKT, COL, RET, TAX))
    assert new_id(JOB, "buckets", BKT) == new(BKT)
    assert new_id(UUID(int=1), "buckets", BKT) != new(BKT)
    assert new_id(JOB, "collections", BKT) != new(BKT)


def test_twenty_thousand_ids_differ():
    made = {new_id(JOB, "collections", f"col_{n}") for n in range(20_000)}
    assert len(made) == 20_000


# Where references stand ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"bucket_id": BKT}, {"bucket_id": new(BKT)}),
        (
            {"bucket_ids": [BKT, "bkt_other11"]},
            {"bucket_ids": [new(BKT), "bkt_other11"]},
        ),
        ({"a": {"b": [{"c": COL}]}}, {"a": {"b": [{"c": new(COL)}]}}),
        ({"lineage_path": f"{BKT}/{COL}"}, {"lineage_path": f"{new(BKT)}/{new(COL)}"}),
        (
            {"path": f"{BKT}/col_gone001/{COL2}"},
            {"path": f"{new(BKT)}/col_gone001/{new(COL2)}"},
        ),
        ({"source_bucket_schemas": {BKT: 1}}, {"source_bucket_schemas": {new(BKT): 1}}),
        ({"anything": {COL: 1, "x": 2}}, {"anything": {new(COL): 1, "x": 2}}),
        (
            {"field": "collection_id", "operator": "eq", "value": COL},
            {"field": "collection_id", "operator": "eq", "value": new(COL)},
        ),
        (
            {"key": "bucket_id", "match": {"any": [BKT]}},
            {"key": "bucket_id", "match": {"any": [new(BKT)]}},
        ),
        ({"source_namespace_id": NS}, {"source_namespace_id": new(NS)}),
        (
            {"source_namespace_id": "ns_another1"},
            {"source_namespace_id": "ns_another1"},
        ),
    ],
)
def test_references_are_renamed_wherever_they_stand(document, expected):
    before = copy.deepcopy(document)
    assert renamed(document) == expected
    assert document == before


@pytest.mark.parametrize(
    "document",
    [
        {"text": f"See {COL} for more."},
        {"text": f"{COL}."},
        {"prompt": "Place {{DOC.title}} in {{INPUT.collection_id}}"},
        {"collection_id": "{{INPUT.collection_id}}"},
        {"url": f"s3://files/{NS}/{BKT}/a.pdf"},
        {"url": COL},
        {"key_prefix": f"{NS}/{BKT}"},
        {"collection_name": COL},
        {"link": f"https://example.org/{COL}"},
        {"path": f"photos/{COL}x/1.jpg"},
        {"document_id": "doc_1", "object_id": "obj_1", "blob_id": "blob_1"},
        {"target_object_id": "obj_000001"},
        {"internal_id": "int_tenantaaaaaaaaaa"},
        {"n": 1, "x": None, "t": True, "f": 0.5},
    ],
)
def test_what_is_no_reference_stays(document):
    assert renamed(document) == document
    assert list(find_references(document, ids())) == []


def test_a_users_text_that_is_an_id_as_a_whole_is_a_reference():
    assert renamed({"note": COL}) == {"note": new(COL)}


def test_ids_that_are_plain_words_count_only_under_their_keys():
    odd = build_id_map(
        JOB, "books", {"collections": ["novels"], "buckets": ["books"]}, ALL
    )
    document = {
        "namespace_id": "books",
        "bucket_id": "books",
        "collection_ids": ["novels", "poems"],
        "genre": "books",
        "shelf": ["novels"],
        "books": 3,
        "path": "books/novels",
        "lineage_path": "books/novels",
        "source_bucket_schemas": {"books": 1},
    }
    after = renamed(document, odd)
    collection = new_id(JOB, "collections", "novels")
    bucket = new_id(JOB, "buckets", "books")
    namespace = new_id(JOB, "namespaces", "books")
    assert after["namespace_id"] == namespace
    assert after["bucket_id"] == bucket
    assert after["collection_ids"] == [collection, "poems"]
    assert (after["genre"], after["shelf"], after["books"]) == ("books", ["novels"], 3)
    assert after["lineage_path"].endswith(f"/{collection}")
    assert after["source_bucket_schemas"] == {bucket: 1}
    assert list(find_references(after, odd)) == []


def test_the_tenant_changes_only_across_organizations():
    document = {"internal_id": "int_a", "x": {"internal_id": "int_b"}, "note": "acme"}
    assert renamed(document) == document
    across = ids(*ALL, tenant=("int_a", "int_z"))
    assert renamed(document, across)["internal_id"] == "int_z"
    assert renamed(document, across)["x"] == {"internal_id": "int_b"}
    plain = ids(*ALL, tenant=("acme", "int_z"))
    assert renamed({"internal_id": "acme", "note": "acme"}, plain) == {
        "internal_id": "int_z",
        "note": "acme",
    }


def test_what_is_absent_leaves_lists_and_maps():
    without = ids("buckets", "collections")
    document = {"retriever_id": RET, "all": [TAX, COL], "map": {TAX: 1, "y": 2}}
    assert renamed(document, without) == {"all": [new(COL)], "map": {"y": 2}}


# Kinds --------------------------------------------------------------------------------


def owned(kind: str, own_id: str, **more: Any) -> dict[str, Any]:
    return {"_id": own_id, f"{kind}_id": own_id, "namespace_id": NS, **more}


def test_a_bucket():
    after = remap.bucket(owned("bucket", BKT, bucket_name="intake"), ids())
    assert after == {
        "_id": new(BKT),
        "bucket_id": new(BKT),
        "namespace_id": new(NS),
        "bucket_name": "intake",
    }


def test_an_object_keeps_its_id_and_loses_edges_to_what_is_not_copied():
    document = {
        "_id": f"{NS}:obj_1",
        "object_id": "obj_1",
        "namespace_id": NS,
        "bucket_id": BKT,
        "edges": [
            {"target_object_id": "obj_2", "target_collection_id": COL},
            {"target_object_id": "obj_3"},
        ],
    }
    omissions = OmissionLog()
    whole = remap.object_(document, ids(), omissions)
    assert whole["_id"] == f"{new(NS)}:obj_1"
    assert whole["edges"][0]["target_collection_id"] == new(COL)
    assert omissions.sentences == []
    bare = remap.object_(document, ids("buckets"), omissions)
    assert bare["edges"] == [{"target_object_id": "obj_3"}]
    assert len(omissions.sentences) == 1


def a_collection() -> dict[str, Any]:
    return owned(
        "collection",
        COL,
        collection_name="records",
        source={"bucket_ids": [BKT], "source_namespace_id": NS},
        taxonomy_applications=[{"taxonomy_id": TAX, "target_collection_id": COL2}],
        retriever_enrichments=[{"retriever_id": RET}],
        cluster_applications=[{"cluster_id": "clus_1"}],
        alert_applications=[{"alert_id": "alt_1"}],
        trigger_id="trg_1",
    )


def test_a_collection_keeps_what_is_copied():
    omissions = OmissionLog()
    after = remap.collection(a_collection(), ids(), omissions)
    assert after["source"] == {"bucket_ids": [new(BKT)], "source_namespace_id": new(NS)}
    assert after["taxonomy_applications"] == [
        {"taxonomy_id": new(TAX), "target_collection_id": new(COL2)}
    ]
    assert after["retriever_enrichments"] == [{"retriever_id": new(RET)}]
    assert after["cluster_applications"] == after["alert_applications"] == []
    assert "trigger_id" not in after
    assert len(omissions.sentences) == 3


def test_a_collection_loses_what_is_not_copied_and_says_so():
    omissions = OmissionLog()
    after = remap.collection(a_collection(), ids("buckets", "collections"), omissions)
    assert after["taxonomy_applications"] == after["retriever_enrichments"] == []
    assert any("taxonomies" in sentence for sentence in omissions.sentences)
    assert any("retrievers" in sentence for sentence in omissions.sentences)


def a_retriever() -> dict[str, Any]:
    def stage(name: str, **parameters: Any) -> dict[str, Any]:
        return {"stage_name": name, "config": {"parameters": parameters}}

    return owned(
        "retriever",
        RET,
        retriever_name="search",
        collection_ids=[COL],
        is_published=True,
        marketplace_listing_id="mkt_1",
        stages=[
            stage("find", collection_identifiers=[COL, "records"], top_k=5),
            stage("sort", reference_collection_id=COL2),
            stage("classify", taxonomy_id=TAX),
            stage("join", target_collection_id="{{INPUT.x}}", retriever_id=RET),
        ],
    )


def names(document: dict[str, Any]) -> list[str]:
    return [stage["stage_name"] for stage in document["stages"]]


def test_a_retriever_with_everything_copied():
    omissions = OmissionLog()
    after = remap.retriever(a_retriever(), ids(), omissions)
    assert names(after) == ["find", "sort", "classify", "join"]
    found = after["stages"][0]["config"]["parameters"]
    assert found["collection_identifiers"] == [new(COL), "records"]
    join = after["stages"][3]["config"]["parameters"]
    assert join == {"target_collection_id": "{{INPUT.x}}", "retriever_id": new(RET)}
    assert "marketplace_listing_id" not in after
    assert after["is_published"] is False
    assert omissions.sentences == ["Retriever “search” is not published in the clone."]


def test_a_retriever_loses_the_stages_that_cannot_work():
    omissions = OmissionLog()
    after = remap.retriever(a_retriever(), ids("buckets", "retrievers"), omissions)
    assert names(after) == ["find", "join"]
    assert after["collection_ids"] == []
    found = after["stages"][0]["config"]["parameters"]
    assert found == {"collection_identifiers": ["records"], "top_k": 5}
    assert any("“sort”" in sentence for sentence in omissions.sentences)
    assert any("“classify”" in sentence for sentence in omissions.sentences)


def a_taxonomy(**config: Any) -> dict[str, Any]:
    return owned("taxonomy", TAX, taxonomy_name="t", ready=True, retriever_id=RET) | {
        "config": {"retriever_id": RET, "cluster_ids": ["clus_1"], **config}
    }


def test_a_taxonomy_that_keeps_everything_stays_ready():
    omissions = OmissionLog()
    document = a_taxonomy(source_collection={"collection_id": COL})
    after = remap.taxonomy(document, ids(), omissions)
    assert after["ready"] is True
    assert after["config"] == {
        "retriever_id": new(RET),
        "cluster_ids": [],
        "source_collection": {"collection_id": new(COL)},
    }


@pytest.mark.parametrize(
    ("copied", "kept"),
    [
        (
            ("buckets", "collections", "taxonomies"),
            {"source_collection", "cluster_ids"},
        ),
        (("buckets", "retrievers", "taxonomies"), {"retriever_id", "cluster_ids"}),
        (("buckets", "taxonomies"), {"cluster_ids"}),
    ],
)
def test_a_taxonomy_that_lost_a_part_is_kept_but_not_ready(copied, kept):
    omissions = OmissionLog()
    document = a_taxonomy(source_collection={"collection_id": COL})
    after = remap.taxonomy(document, ids(*copied), omissions)
    assert after["ready"] is False
    assert set(after["config"]) == kept
    assert any("not ready" in sentence for sentence in omissions.sentences)
    assert document["ready"] is True


def test_a_tree_loses_its_nodes_of_collections_that_are_not_copied():
    nodes = [
        {"collection_id": COL, "retriever_id": RET},
        {"collection_id": COL2, "parent_collection_id": COL},
    ]
    document = a_taxonomy(hierarchical_nodes=nodes, inference_collections=[COL])
    after = remap.taxonomy(document, ids("retrievers", "taxonomies"), OmissionLog())
    assert after["config"]["hierarchical_nodes"] == []
    assert after["config"]["inference_collections"] == []
    assert after["ready"] is False


def test_payloads_in_both_layouts():
    document = {
        "document_id": "doc_1",
        "namespace_id": NS,
        "root_bucket_id": BKT,
        "lineage_path": f"{BKT}/{COL}",
        "_internal": {
            "namespace_id": NS,
            "lineage": {"path": f"{BKT}/{COL}", "chain": [{"collection_id": COL}]},
            "source_details": [{"source_id": BKT}],
            "processing": {"taxonomy_lineage": [TAX]},
            "source_blobs": [{"url": f"s3://{NS}/{BKT}"}],
        },
    }
    omissions = OmissionLog()
    after = remap.payload(document, ids("buckets", "collections"), omissions)
    assert after["document_id"] == "doc_1"
    assert after["_internal"]["lineage"]["path"] == f"{new(BKT)}/{new(COL)}"
    assert after["_internal"]["lineage"]["chain"] == [{"collection_id": new(COL)}]
    assert after["_internal"]["source_details"] == [{"source_id": new(BKT)}]
    assert after["_internal"]["processing"] == {"taxonomy_lineage": []}
    assert after["_internal"]["source_blobs"] == [{"url": f"s3://{NS}/{BKT}"}]
    assert len(omissions.sentences) == 1


@pytest.mark.parametrize(
    ("document", "is_foreign"),
    [
        ({}, False),
        ({"namespace_id": NS, "_internal": {"namespace_id": NS}}, False),
        ({"_internal": {"namespace_id": NS}}, False),
        ({"namespace_id": None, "_internal": {"namespace_id": ""}}, False),
        ({"_internal": "odd"}, False),
        ({"namespace_id": "ns_other"}, True),
        ({"namespace_id": NS, "_internal": {"namespace_id": "ns_other"}}, True),
        ({"namespace_id": 5}, True),
        ({"namespace_id": [NS, "ns_other"]}, True),
    ],
)
def test_a_payload_may_name_another_namespace(document, is_foreign):
    assert names_another(document, NS) is is_foreign


def test_sentences_are_bounded():
    omissions = OmissionLog()
    for number in range(1000):
        omissions.add(f"Thing {number}.")
    assert len(omissions.sentences) == OmissionLog.MAX + 1


# Any document -------------------------------------------------------------------------

KEYS = st.sampled_from(
    [
        "bucket_id",
        "collection_ids",
        "source_id",
        "value",
        "field",
        "title",
        "path",
        "lineage_path",
        "source_bucket_schemas",
        "_internal",
        "taxonomy_lineage",
        "namespace_id",
        COL,
        BKT,
        "x",
    ]
)
OLD = st.sampled_from([NS, BKT, COL, COL2, RET, TAX])
PLAIN = st.text(max_size=12).filter(lambda s: s not in {NS, BKT, COL, COL2, RET, TAX})
LEAVES = (
    OLD
    | PLAIN
    | st.lists(OLD, min_size=1, max_size=3).map("/".join)
    | st.integers()
    | st.none()
    | st.booleans()
)
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5)
    ),
    max_leaves=25,
)
COPIED = st.sets(st.sampled_from(ALL)).map(lambda chosen: tuple(chosen) or ("buckets",))


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(KEYS, DOCUMENTS, max_size=6), COPIED)
def test_no_id_of_the_source_survives(document, copied):
    mapped = ids(*copied)
    after = renamed(document, mapped)
    assert list(find_references(after, mapped)) == []
    assert not _whole_strings(after) & mapped.old_ids
    assert renamed(after, mapped) == after


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.text(max_size=8),
        st.recursive(
            st.text(max_size=20) | st.floats(allow_nan=False) | st.integers(),
            lambda inner: (
                st.lists(inner, max_size=4)
                | st.dictionaries(st.text(max_size=8), inner, max_size=4)
            ),
            max_leaves=20,
        ),
        max_size=6,
    )
)
def test_what_mentions_nothing_of_the_source_is_unchanged(document):
    assert renamed(document) == document


@given(st.text(min_size=1, max_size=30), OLD, st.text(min_size=1, max_size=30))
def test_an_id_among_other_text_is_text(before, old, after):
    text = f"{before} {old} {after}".replace("/", "-")
    assert renamed({"title": text}) == {"title": text}


def _whole_strings(value: Any) -> set[str]:
    """Every string and key as a whole, found without the code under test."""
    if isinstance(value, str):
        return {value}
    if isinstance(value, list):
        return set().union(*map(_whole_strings, value))
    if isinstance(value, dict):
        parts = (_whole_strings(entry) for entry in value.values())
        return set(value).union(*parts)
    return set()


def test_kept_keys_hold_no_references_by_themselves():
    assert all(kinds_of(key) == () for key in UNCHANGED_KEYS)
