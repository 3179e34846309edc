"""Resources: every reference leads somewhere, and all kinds of references are used."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from nsadmin.embedded.seed.catalogue import BY_SLUG, NAMESPACES
from nsadmin.embedded.seed.layout import documents, layout_of
from nsadmin.embedded.seed.resources import resources
from nsadmin.embedded.seed.specs import NamespaceSpec

each_namespace = pytest.mark.parametrize("spec", NAMESPACES, ids=lambda s: s.slug)

REFERENCE = re.compile(r"(ns|bkt|obj|col|ret|tax|doc)_[a-z0-9]{10,12}")


def leaves(found: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value and every key of a document, with where it stands."""
    if isinstance(found, dict):
        for key, inner in found.items():
            yield f"{path}.<key>", key
            yield from leaves(inner, f"{path}.{key}")
    elif isinstance(found, list):
        for inner in found:
            yield from leaves(inner, path + "[]")
    else:
        yield path, found


def known_ids(spec: NamespaceSpec) -> set[str]:
    layout = layout_of(spec)
    stored = {
        row[key]
        for rows in resources(spec).values()
        for row in rows
        for key in row
        if key.endswith("_id") and row["_id"].endswith(str(row[key]))
    }
    own = {layout.document_id(d.record.key, derived=d.derived) for d in documents(spec)}
    return stored | own | {spec.namespace_id}


@each_namespace
def test_every_reference_leads_to_something_that_exists(spec: NamespaceSpec) -> None:
    known = known_ids(spec)
    if spec.borrows_from:
        known |= known_ids(BY_SLUG[spec.borrows_from])
    for rows in resources(spec).values():
        for row in rows:
            for path, leaf in leaves(row):
                if (
                    path != "._id"
                    and isinstance(leaf, str)
                    and REFERENCE.fullmatch(leaf)
                ):
                    assert leaf in known, path


@each_namespace
def test_resources_carry_their_tenant_and_real_dates(spec: NamespaceSpec) -> None:
    for kind, rows in resources(spec).items():
        names = [row["_id"] for row in rows]
        assert len(set(names)) == len(names), kind
        for row in rows:
            assert row["namespace_id"] == spec.namespace_id
            assert row["internal_id"] == spec.organization.internal_id
            assert isinstance(row["created_at"], datetime)
            assert None not in row.values()


def test_objects_are_unique_in_their_namespace_only() -> None:
    for row in resources(BY_SLUG["classic-tables"])["objects"]:
        assert row["_id"] == f"{row['namespace_id']}:{row['object_id']}"


def test_every_reference_field_is_in_use() -> None:
    spec = BY_SLUG["seattle-weather-desk"]
    used = {
        re.sub(r"(bkt|col)_[a-z0-9]+", "*", f"{kind}{path}")
        for kind, rows in resources(spec).items()
        for row in rows
        for path, leaf in leaves(row)
        if isinstance(leaf, str) and REFERENCE.fullmatch(leaf)
    }
    stage = "retrievers.stages[].config.parameters"
    assert used >= {
        "objects.bucket_id",
        "objects.source_details[].source_id",
        "objects.edges[].target_object_id",
        "objects.edges[].target_collection_id",
        "collections.source.bucket_ids[]",
        "collections.source.collection_id",
        "collections.source.collection_ids[]",
        "collections.source.inherited_bucket_ids[]",
        "collections.source.source_namespace_id",
        "collections.source.source_filters.AND[].value",
        "collections.source_bucket_schemas.<key>",
        "collections.source_lineage[].source_config.bucket_ids[]",
        "collections.source_lineage[].source_config.collection_id",
        "collections.s3_vector_index",
        "collections.taxonomy_applications[].taxonomy_id",
        "collections.taxonomy_applications[].target_collection_id",
        "collections.taxonomy_applications[].scroll_filters.AND[].value",
        "collections.retriever_enrichments[].retriever_id",
        "retrievers.collection_ids[]",
        f"{stage}.collection_identifiers[]",
        f"{stage}.searches[].collection_identifiers[]",
        f"{stage}.searches[].query.document_reference.collection_id",
        f"{stage}.searches[].query.document_reference.document_id",
        f"{stage}.taxonomy_id",
        f"{stage}.target_collection_id",
        f"{stage}.retriever_id",
        f"{stage}.reference_collection_id",
        f"{stage}.pre_filters.OR[].value",
        f"{stage}.post_filters.AND[].value",
        "taxonomies.retriever_id",
        "taxonomies.config.retriever_id",
        "taxonomies.config.source_collection.collection_id",
        "taxonomies.config.hierarchical_nodes[].collection_id",
        "taxonomies.config.hierarchical_nodes[].parent_collection_id",
        "taxonomies.config.hierarchical_nodes[].retriever_id",
        "taxonomies.config.inference_collections[]",
    }


def test_collection_taxonomy_and_retriever_form_a_cycle() -> None:
    found = resources(BY_SLUG["languages-of-the-world"])
    collection = next(c for c in found["collections"] if "taxonomy_applications" in c)
    applied = collection["taxonomy_applications"][0]["taxonomy_id"]
    taxonomy = next(t for t in found["taxonomies"] if t["taxonomy_id"] == applied)
    retriever = next(
        r for r in found["retrievers"] if r["retriever_id"] == taxonomy["retriever_id"]
    )
    assert collection["collection_id"] in retriever["collection_ids"]


def test_stages_also_hold_templates_and_names_which_are_no_ids() -> None:
    found = resources(BY_SLUG["classic-tables"])["retrievers"]
    texts = [leaf for row in found for _, leaf in leaves(row) if isinstance(leaf, str)]
    assert any(text.startswith("{{") for text in texts)
    names = {
        row["collection_name"]
        for row in resources(BY_SLUG["classic-tables"])["collections"]
    }
    assert names & set(texts)


def test_counts_agree_with_the_documents() -> None:
    for spec in NAMESPACES:
        found = resources(spec)
        told = sum(row["document_count"] for row in found["collections"])
        assert told == len(documents(spec))
        intake = found["buckets"][0]
        assert intake["object_count"] == len(found["objects"])
