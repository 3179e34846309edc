"""Point payloads in the platform's two layouts.

The flat layout keeps the system fields at the root, where the protected indexes look
for them. The nested one keeps them under `_internal`; only `internal_id` stays at the
root as well, because every vector query filters on it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from nsadmin.embedded.seed.data.ids import stable_id
from nsadmin.embedded.seed.layout import Document, Layout
from nsadmin.embedded.seed.specs import NamespaceSpec

Payload = dict[str, Any]

PIPELINE: Final = "2026.1"


def iso(moment: datetime) -> str:
    """RFC 3339 in UTC, as Qdrant's datetime index reads it."""
    return moment.isoformat().replace("+00:00", "Z")


def feature_uri(extractor_id: str) -> str:
    """The URI by which documents and retrievers refer to an extractor."""
    name, _, version = extractor_id.rpartition("_")
    return f"mixpeek://{name}@{version}"


def payload(
    spec: NamespaceSpec,
    layout: Layout,
    document: Document,
    missing: Sequence[str] = (),
) -> Payload:
    """The payload of one point; `missing` names the vectors that it lacks."""
    nests = spec.nested_every and document.position % spec.nested_every == 0
    shape = _nested if nests else _flat
    return shape(spec, layout, document, missing)


def _ids(layout: Layout, document: Document) -> dict[str, str]:
    """The ids of the document's origin; a derived one also has a parent document."""
    key = document.record.key
    object_id = layout.object_id(document.record.source)
    ids = {
        "document_id": layout.document_id(key, derived=document.derived),
        "collection_id": layout.base_id,
        "root_object_id": object_id,
        "source_object_id": object_id,
        "root_bucket_id": layout.bucket_id,
        "source_type": "bucket",
        "path": f"{layout.bucket_id}/{layout.base_id}",
    }
    if document.derived:
        ids |= {
            "collection_id": layout.highlights_id,
            "source_document_id": layout.document_id(key),
            "source_collection_id": layout.base_id,
            "source_type": "collection",
            "path": f"{ids['path']}/{layout.highlights_id}",
        }
    return ids


def _features(
    spec: NamespaceSpec, missing: Sequence[str]
) -> tuple[list[str], list[str]]:
    """References to extractors, apart for present and missing vectors."""
    refs = {extractor: feature_uri(extractor) for extractor in spec.extractors}
    lost = [
        ref
        for extractor, ref in refs.items()
        if any(vector.startswith(extractor) for vector in missing)
    ]
    return list(refs.values()), lost


def _edges(layout: Layout, document: Document) -> list[dict[str, str]]:
    """Every fiftieth document points to the object and collection it belongs with."""
    if document.position % 50:
        return []
    return [
        {
            "edge_type": "appears_with",
            "target_object_id": layout.object_id(document.record.source),
            "target_collection_id": layout.base_id,
        }
    ]


def _flat(
    spec: NamespaceSpec, layout: Layout, document: Document, missing: Sequence[str]
) -> Payload:
    ids = _ids(layout, document)
    refs, lost = _features(spec, missing)
    told = {
        **document.record.fields,
        "title": document.record.title,
        "text": document.record.text,
        "internal_id": layout.internal_id,
        "namespace_id": layout.namespace_id,
        "bucket_id": layout.bucket_id,
        "object_id": ids["root_object_id"],
        "created_at": iso(document.created_at),
        "updated_at": iso(document.created_at + timedelta(seconds=20)),
        "lineage_path": ids.pop("path"),
        **ids,
        "processing_tier": 2 if document.derived else 1,
        "feature_refs": refs,
        "__fully_enriched": not lost,
        "__missing_features": lost,
        "__pipeline_version": PIPELINE,
    }
    if document.derived:
        told["parent_document_id"] = ids["source_document_id"]
    if edges := _edges(layout, document):
        told["edges"] = edges
    return told


def _nested(
    spec: NamespaceSpec, layout: Layout, document: Document, missing: Sequence[str]
) -> Payload:
    ids = _ids(layout, document)
    told = {
        **document.record.fields,
        "title": document.record.title,
        "text": document.record.text,
        "document_id": ids["document_id"],
        "collection_id": ids["collection_id"],
        "internal_id": layout.internal_id,
        "document_blobs": [_document_blob(layout, document)],
        "_internal": _internal(spec, layout, document, ids),
    }
    if edges := _edges(layout, document):
        told["edges"] = edges
    if missing:
        told["__missing_features"] = _features(spec, missing)[1]
    return told


def _internal(
    spec: NamespaceSpec, layout: Layout, document: Document, ids: dict[str, str]
) -> Payload:
    source = document.record.source
    own = ("document_id", "collection_id")
    lineage = {name: value for name, value in ids.items() if name not in own}
    return {
        "internal_id": layout.internal_id,
        "namespace_id": layout.namespace_id,
        "document_id": ids["document_id"],
        "collection_id": ids["collection_id"],
        "lineage": {**lineage, "chain": _chain(spec, layout, document)},
        "source_blobs": [
            {
                "blob_id": stable_id("blob", layout.slug, source),
                "blob_property": "file",
                "blob_type": "text",
            }
        ],
        "source_details": [{"type": "bucket", "source_id": layout.bucket_id}],
        "processing": {
            "tier": 2 if document.derived else 1,
            "taxonomy_lineage": [layout.flat_id] if document.derived else [],
        },
        "_acl": {"owner": "system", "read": ["*"], "write": [], "public": False},
        "created_at": iso(document.created_at),
        "updated_at": iso(document.created_at + timedelta(seconds=20)),
        "modality": "text",
        "mime_type": "text/plain",
    }


def _chain(
    spec: NamespaceSpec, layout: Layout, document: Document
) -> list[dict[str, str]]:
    """Every collection the document went through, the last one last."""
    key = document.record.key
    steps = [(layout.base_id, layout.document_id(key))]
    if document.derived:
        steps.append((layout.highlights_id, layout.document_id(key, derived=True)))
    return [
        {
            "collection_id": collection_id,
            "document_id": document_id,
            "feature_extractor_id": spec.extractors[0],
            "timestamp": iso(document.created_at),
        }
        for collection_id, document_id in steps
    ]


def _document_blob(layout: Layout, document: Document) -> dict[str, str]:
    source = document.record.source
    return {
        "field": "file",
        "role": "source",
        "type": "text",
        "url": f"s3://demo-records/{layout.slug}/{source}",
        "source_blob_id": stable_id("blob", layout.slug, source),
    }
