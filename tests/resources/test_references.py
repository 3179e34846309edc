"""Which ids a document names, where, and how surely. Pure."""

from typing import Any

import pytest

from nsadmin.resources.references.document import MOST, references_of
from tests.hostile.odd_documents import nested

NS = "ns_own0000001"
BKT, COL, RET, TAX = "bkt_abc123", "col_abc123", "ret_abc123", "tax_abc123"


def named(kind: Any, document: dict[str, Any], **only: Any) -> set[tuple[str, str]]:
    """Return (field, id) of the references that have these values."""
    return {
        (r.field, r.value)
        for r in references_of(kind, document, NS)
        if all(getattr(r, key) == value for key, value in only.items())
    }


@pytest.mark.parametrize(
    ("kind", "document", "field", "value"),
    [
        ("objects", {"bucket_id": BKT}, "bucket_id", BKT),
        (
            "objects",
            {"source_details": [{"type": "bucket", "source_id": BKT}]},
            "source_details[0].source_id",
            BKT,
        ),
        (
            "objects",
            {"edges": [{}, {"target_object_id": "any word"}]},
            "edges[1].target_object_id",
            "any word",
        ),
        (
            "objects",
            {"edges": [{"target_collection_id": COL}]},
            "edges[0].target_collection_id",
            COL,
        ),
        ("collections", {"source": {"bucket_ids": [BKT]}}, "source.bucket_ids[0]", BKT),
        (
            "collections",
            {"source": {"collection_id": "a"}},
            "source.collection_id",
            "a",
        ),
        (
            "collections",
            {"source": {"collection_ids": ["a"]}},
            "source.collection_ids[0]",
            "a",
        ),
        (
            "collections",
            {"source": {"inherited_bucket_ids": ["a"]}},
            "source.inherited_bucket_ids[0]",
            "a",
        ),
        (
            "collections",
            {"source_bucket_schemas": {"kitchen": {}}},
            "source_bucket_schemas",
            "kitchen",
        ),
        (
            "collections",
            {"source_lineage": [{"source_config": {"bucket_ids": ["a"]}}]},
            "source_lineage[0].source_config.bucket_ids[0]",
            "a",
        ),
        ("collections", {"s3_vector_index": COL}, "s3_vector_index", COL),
        (
            "collections",
            {"taxonomy_applications": [{"taxonomy_id": "a"}]},
            "taxonomy_applications[0].taxonomy_id",
            "a",
        ),
        (
            "collections",
            {"taxonomy_applications": [{"target_collection_id": "a"}]},
            "taxonomy_applications[0].target_collection_id",
            "a",
        ),
        (
            "collections",
            {"retriever_enrichments": [{"retriever_id": "a"}]},
            "retriever_enrichments[0].retriever_id",
            "a",
        ),
        ("retrievers", {"collection_ids": ["a"]}, "collection_ids[0]", "a"),
        (
            "retrievers",
            {"stages": [{"config": {"parameters": {"taxonomy_id": TAX}}}]},
            "stages[0].config.parameters.taxonomy_id",
            TAX,
        ),
        (
            "retrievers",
            {"stages": [{"config": {"parameters": {"collection_identifiers": ["a"]}}}]},
            "stages[0].config.parameters.collection_identifiers[0]",
            "a",
        ),
        ("taxonomies", {"retriever_id": RET}, "retriever_id", RET),
        ("taxonomies", {"config": {"retriever_id": RET}}, "config.retriever_id", RET),
        (
            "taxonomies",
            {"config": {"source_collection": {"collection_id": "a"}}},
            "config.source_collection.collection_id",
            "a",
        ),
        (
            "taxonomies",
            {"config": {"hierarchical_nodes": [{"parent_collection_id": "a"}]}},
            "config.hierarchical_nodes[0].parent_collection_id",
            "a",
        ),
        (
            "taxonomies",
            {"config": {"inference_collections": ["a"]}},
            "config.inference_collections[0]",
            "a",
        ),
    ],
)
def test_a_documented_field_has_to_name_something(kind, document, field, value) -> None:
    assert named(kind, document, is_required=True) == {(field, value)}


@pytest.mark.parametrize(
    "document",
    [
        {"collection_ids": ["{{INPUT.collection}}"]},
        {"stages": [{"config": {"parameters": {"retriever_id": "{{x}}"}}}]},
        {"retriever_id": RET, "namespace_id": NS, "_id": RET},
        {"description": "col_abc123 is the one", "retriever_name": COL},
        {"collection_ids": [None, 7, {"a": 1}, "", "a\0b"]},
    ],
)
def test_templates_own_ids_and_other_values_are_none(document) -> None:
    assert references_of("retrievers", document, NS) == []


def test_an_id_elsewhere_is_a_mention_that_need_not_exist() -> None:
    document = {"metadata": {"see": COL, "bucket_id": "kitchen"}}
    assert named("retrievers", document, use="mention", is_required=False) == {
        ("metadata.see", COL),
        ("metadata.bucket_id", "kitchen"),
    }


def test_filters_compare_with_ids_of_their_field() -> None:
    condition = {"field": "bucket_id", "operator": "eq", "value": BKT}
    word = {"field": "metadata.bucket_id", "operator": "eq", "value": "kitchen"}
    parameters = {"pre_filters": {"AND": [condition, word]}}
    found = references_of(
        "retrievers", {"stages": [{"config": {"parameters": parameters}}]}, NS
    )
    assert [(r.value, r.use, r.is_required) for r in found] == [(BKT, "filter", True)]


def test_a_source_of_another_namespace_is_elsewhere() -> None:
    source = {"source_namespace_id": "ns_other00001", "bucket_ids": [BKT]}
    found = references_of("collections", {"source": source}, NS)
    assert {(r.value, r.is_elsewhere) for r in found} == {
        ("ns_other00001", True),
        (BKT, True),
    }
    own = {"source_namespace_id": NS, "bucket_ids": [BKT]}
    assert named("collections", {"source": own}, is_elsewhere=True) == set()


def test_a_document_of_any_size_ends() -> None:
    many = {"collection_ids": [f"col_{n:06}" for n in range(100_000)]}
    assert len(references_of("retrievers", many, NS)) == MOST
    assert references_of("retrievers", {"stages": nested(900)}, NS) == []
    wide: dict[str, Any] = {"stages": [{"a": [{}] * 1000}] * 1000}
    assert references_of("retrievers", wide, NS) == []
