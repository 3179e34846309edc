"""Collections as stored in the namespace store: source, extractor and applications.

Between them they use every reference field that a clone must rewrite, keep or drop.
"""

from collections.abc import Sequence

from nsadmin.embedded.seed.catalogue import BY_SLUG
from nsadmin.embedded.seed.data.ids import stable_id
from nsadmin.embedded.seed.layout import Document, Layout, layout_of
from nsadmin.embedded.seed.namespace_documents import custom_indexes
from nsadmin.embedded.seed.sources import Stored, base_fields, bucket_schema, media_type
from nsadmin.embedded.seed.specs import NamespaceSpec
from nsadmin.namespaces.schema.document import index_entry


def collections(
    spec: NamespaceSpec, layout: Layout, documents: Sequence[Document]
) -> list[Stored]:
    """The base collection, and the derived and borrowing ones if the spec has them."""
    made_of = [_base(spec, layout, documents)]
    if spec.highlight_every:
        made_of.append(_highlights(spec, layout, documents))
    if spec.borrows_from:
        made_of.append(_borrowed(spec, layout, layout_of(BY_SLUG[spec.borrows_from])))
    return made_of


def _collection(
    spec: NamespaceSpec, layout: Layout, own_id: str, name: str, count: int
) -> Stored:
    """The fields that every collection has."""
    return {
        **base_fields(layout, "collection", own_id),
        "collection_name": name,
        "feature_extractor": extractor_config(spec),
        "input_schema": {"properties": {"file": {"type": "text"}}},
        "output_schema": {
            "properties": {"title": {"type": "string"}, "text": {"type": "string"}}
        },
        "payload_indexes": [index_entry(index) for index in custom_indexes(spec)],
        "enabled": True,
        "metadata": {"curated": True},
        "lifecycle_state": "active",
        "document_count": count,
        "schema_version": 1,
        "schema_validation": "warn",
    }


def extractor_config(spec: NamespaceSpec) -> Stored:
    """How a collection runs the namespace's first extractor."""
    name, _, version = spec.extractors[0].rpartition("_")
    return {
        "feature_extractor_name": name,
        "version": version,
        "parameters": {},
        "input_mappings": {"input": "file"},
        "field_passthrough": [
            {
                "source_path": "metadata.title",
                "target_path": "title",
                "default": "",
                "required": False,
            }
        ],
        "include_all_source_fields": True,
    }


def _filter(field: str, value: str) -> Stored:
    return {"AND": [{"field": field, "operator": "eq", "value": value}]}


def _base(spec: NamespaceSpec, layout: Layout, documents: Sequence[Document]) -> Stored:
    count = sum(not document.derived for document in documents)
    return {
        **_collection(spec, layout, layout.base_id, f"{layout.slug}-records", count),
        "description": f"Every {media_type(documents[0].record.source)[0]} record.",
        "source": {
            "type": "bucket",
            "bucket_ids": [layout.bucket_id, layout.archive_id],
            "source_filters": _filter("bucket_id", layout.bucket_id),
        },
        "source_bucket_schemas": {
            layout.bucket_id: bucket_schema(documents),
            layout.archive_id: bucket_schema(documents),
        },
        "s3_vector_index": layout.base_id,
    }


def _highlights(
    spec: NamespaceSpec, layout: Layout, documents: Sequence[Document]
) -> Stored:
    count = sum(document.derived for document in documents)
    name = f"{layout.slug}-highlights"
    return {
        **_collection(spec, layout, layout.highlights_id, name, count),
        "description": "A selection, enriched with what the taxonomies say.",
        "source": {
            "type": "collection",
            "collection_id": layout.base_id,
            "collection_ids": [layout.base_id],
            "inherited_bucket_ids": [layout.bucket_id],
            "source_filters": _filter("collection_id", layout.base_id),
        },
        "source_lineage": [
            {
                "source_config": {
                    "type": "bucket",
                    "bucket_ids": [layout.bucket_id, layout.archive_id],
                },
                "feature_extractor": extractor_config(spec),
            },
            {"source_config": {"type": "collection", "collection_id": layout.base_id}},
        ],
        **_attachments(layout),
        "schedule": {"cron": "0 4 * * *", "enabled": False},
        "s3_vector_index": layout.highlights_id,
    }


def _attachments(layout: Layout) -> Stored:
    """Applications on the documents; clusters, alerts and triggers are never cloned."""
    return {
        "taxonomy_applications": [
            {
                "taxonomy_id": layout.flat_id,
                "target_collection_id": layout.highlights_id,
                "execution_mode": "on_demand",
                "scroll_filters": _filter("collection_id", layout.highlights_id),
            },
            {"taxonomy_id": layout.tree_id, "execution_mode": "materialize"},
        ],
        "retriever_enrichments": [
            {
                "retriever_id": layout.classify_id,
                "field_mappings": [{"source": "title", "target": "related_title"}],
            }
        ],
        "cluster_applications": [
            {"cluster_id": stable_id("clus", layout.slug), "auto_execute": False}
        ],
        "alert_applications": [{"alert_id": stable_id("alt", layout.slug)}],
        "trigger_id": stable_id("trg", layout.slug),
    }


def _borrowed(spec: NamespaceSpec, layout: Layout, lender: Layout) -> Stored:
    """A collection over a bucket of another namespace of the organization."""
    return {
        **_collection(spec, layout, layout.borrowed_id, f"near-{lender.slug}", 0),
        "description": f"Reads the intake of {lender.slug}; empty so far.",
        "enabled": False,
        "source": {
            "type": "bucket",
            "source_namespace_id": lender.namespace_id,
            "bucket_ids": [lender.bucket_id],
        },
    }
