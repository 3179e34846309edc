"""A source with everything in it that a clone has to rename, keep or leave out."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from nsadmin.access.models import Organization
from nsadmin.clones.rewrite.id_map import new_id
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.mongo import resources
from nsadmin.stores.qdrant import points
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import make_namespace

VECTORS = {
    "multimodal_extractor_v1_multimodal_embedding": 1408,
    "multimodal_extractor_v1_transcription_embedding": 1024,
}
_WHEN = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)


def _owned(namespace: Namespace, kind: str, own_id: str) -> dict[str, Any]:
    at_large = own_id if kind != "object" else f"{namespace.namespace_id}:{own_id}"
    return {
        "_id": at_large,
        f"{kind}_id": own_id,
        "namespace_id": namespace.namespace_id,
        "internal_id": namespace.internal_id,
        "created_at": _WHEN,
        "updated_at": _WHEN + timedelta(hours=1),
    }


class Names:
    """The ids of one source, made from its namespace id."""

    def __init__(self, namespace_id: str) -> None:
        tail = namespace_id.removeprefix("ns_")
        self.namespace = namespace_id
        self.bucket, self.archive = f"bkt_a{tail}", f"bkt_b{tail}"
        self.base, self.derived = f"col_a{tail}", f"col_b{tail}"
        self.search, self.classify = f"ret_a{tail}", f"ret_b{tail}"
        self.flat, self.tree = f"tax_a{tail}", f"tax_b{tail}"


def documents(namespace: Namespace, *, objects: int) -> dict[str, list[dict[str, Any]]]:
    """Every kind of resource, referring to the others in every documented place."""
    n = Names(namespace.namespace_id)

    def owned(kind: str, own_id: str) -> dict[str, Any]:
        return _owned(namespace, kind, own_id)

    def is_(field: str, value: str) -> dict[str, Any]:
        return {"field": field, "operator": "eq", "value": value}

    buckets = [
        {**owned("bucket", n.bucket), "bucket_name": "intake", "object_count": objects},
        {**owned("bucket", n.archive), "bucket_name": "archive", "object_count": 0},
    ]
    held = [
        {
            **owned("object", f"obj_{number:06}"),
            "bucket_id": n.bucket,
            "key_prefix": f"{n.namespace}/{n.bucket}",
            "blobs": [
                {"blob_id": "blob_1", "properties": {"url": f"s3://x/{n.bucket}"}}
            ],
            "source_details": [{"type": "bucket", "source_id": n.bucket}],
            "edges": [
                {
                    "target_object_id": f"obj_{(number + 1) % objects:06}",
                    "target_collection_id": n.base,
                }
            ],
        }
        for number in range(objects)
    ]
    collections = [
        {
            **owned("collection", n.base),
            "collection_name": "records",
            "source": {
                "type": "bucket",
                "bucket_ids": [n.bucket, n.archive],
                "source_filters": {"AND": [is_("bucket_id", n.bucket)]},
            },
            "source_bucket_schemas": {n.bucket: {"a": 1}, n.archive: {"b": 2}},
            "s3_vector_index": n.base,
        },
        {
            **owned("collection", n.derived),
            "collection_name": "highlights",
            "source": {
                "type": "collection",
                "collection_id": n.base,
                "collection_ids": [n.base],
                "inherited_bucket_ids": [n.bucket],
                "source_namespace_id": "ns_someotherone",
            },
            "source_lineage": [{"source_config": {"collection_id": n.base}}],
            "taxonomy_applications": [
                {"taxonomy_id": n.flat, "target_collection_id": n.derived}
            ],
            "retriever_enrichments": [{"retriever_id": n.classify}],
            "cluster_applications": [{"cluster_id": "clus_1"}],
            "alert_applications": [{"alert_id": "alt_1"}],
            "trigger_id": "trg_1",
        },
    ]
    return {
        "buckets": buckets,
        "objects": held,
        "collections": collections,
        "retrievers": _retrievers(n, owned),
        "taxonomies": _taxonomies(n, owned),
    }


def _stage(name: str, parameters: dict[str, Any]) -> dict[str, Any]:
    return {"stage_name": name, "config": {"stage_id": name, "parameters": parameters}}


def _retrievers(n: Names, owned: Any) -> list[dict[str, Any]]:
    find = {
        "collection_identifiers": [n.base, "records"],
        "pre_filters": {
            "OR": [
                {"field": "bucket_id", "operator": "eq", "value": n.bucket},
                {"field": "collection_id", "value": "{{INPUT.collection_id}}"},
            ]
        },
        "searches": [{"collection_identifiers": [n.base]}],
    }
    like = {"document_reference": {"collection_id": n.base, "document_id": "doc_1"}}
    join = {"target_collection_id": n.derived, "retriever_id": n.classify}
    return [
        {
            **owned("retriever", n.search),
            "retriever_name": "search",
            "collection_ids": [n.base, n.derived],
            "is_published": True,
            "marketplace_listing_id": "mkt_1",
            "stages": [
                _stage("find", find),
                _stage("classify", {"taxonomy_id": n.flat}),
                _stage("explain", {"taxonomy_id": n.tree, "prompt": f"See {n.base}."}),
                _stage("join", join),
                _stage("compare", {"reference_collection_id": n.base}),
            ],
        },
        {
            **owned("retriever", n.classify),
            "retriever_name": "classify",
            "collection_ids": [n.derived],
            "is_published": False,
            "stages": [_stage("like", like)],
        },
    ]


def _taxonomies(n: Names, owned: Any) -> list[dict[str, Any]]:
    return [
        {
            **owned("taxonomy", n.flat),
            "taxonomy_name": "topics",
            "ready": True,
            "retriever_id": n.classify,
            "config": {
                "taxonomy_type": "flat",
                "retriever_id": n.classify,
                "source_collection": {"collection_id": n.derived},
            },
        },
        {
            **owned("taxonomy", n.tree),
            "taxonomy_name": "tree",
            "ready": True,
            "retriever_id": n.classify,
            "config": {
                "taxonomy_type": "hierarchical",
                "hierarchical_nodes": [
                    {"collection_id": n.base, "retriever_id": n.classify},
                    {"collection_id": n.derived, "parent_collection_id": n.base},
                ],
                "inference_collections": [n.base, n.derived],
                "cluster_ids": ["clus_1"],
            },
        },
    ]


def payload(namespace: Namespace, number: int) -> dict[str, Any]:
    """A payload in the flat layout, every third one in the nested layout."""
    n = Names(namespace.namespace_id)
    told = {
        "title": f"Record {number}, not {n.base} itself",
        "rank": number,
        "score": number / 7,
        "internal_id": namespace.internal_id,
        "document_id": f"doc_{number}",
        "collection_id": n.base,
    }
    path = f"{n.bucket}/{n.base}"
    if number % 3:
        return {
            **told,
            "namespace_id": n.namespace,
            "bucket_id": n.bucket,
            "root_bucket_id": n.bucket,
            "object_id": "obj_000001",
            "lineage_path": path,
            "edges": [{"target_object_id": "obj_1", "target_collection_id": n.base}],
        }
    chain = [{"collection_id": n.base, "document_id": f"doc_{number}"}]
    return {
        **told,
        "_internal": {
            "namespace_id": n.namespace,
            "internal_id": namespace.internal_id,
            "collection_id": n.base,
            "lineage": {"root_bucket_id": n.bucket, "path": path, "chain": chain},
            "source_details": [{"type": "bucket", "source_id": n.bucket}],
            "processing": {"taxonomy_lineage": [n.flat]},
            "source_blobs": [{"url": f"s3://files/{n.namespace}/{n.bucket}"}],
        },
    }


def make_source(
    organization: Organization,
    name: str = "film archive source",
    *,
    point_count: int = 40,
    objects: int = 7,
    **extra: Any,
) -> Namespace:
    """Make a namespace with two vectors, points that lack one of them, and resources."""
    namespace = make_namespace(
        organization,
        name,
        extractors=("multimodal_extractor_v1",),
        indexes={"rank": {"type": "integer", "lookup": True, "range": True}},
        point_count=0,
        **extra,
    )
    for kind, rows in documents(namespace, objects=objects).items():
        for start in range(0, len(rows), 200):
            resources.put(kind, rows[start : start + 200])  # type: ignore[arg-type]
    fill(namespace, range(point_count))
    return namespace


def fill(namespace: Namespace, numbers: range) -> None:
    """Add points: ids are numbers and UUIDs, some points lack a vector."""
    from uuid import NAMESPACE_OID, uuid5

    for start in range(numbers.start, numbers.stop, 100):
        batch = []
        for number in range(start, min(start + 100, numbers.stop)):
            random_ = random.Random(number)
            vectors = {
                vector: [random_.uniform(-1, 1) for _ in range(size)]
                for vector, size in VECTORS.items()
                if number % 5 or "transcription" not in vector
            }
            own_id = number if number % 2 else str(uuid5(NAMESPACE_OID, str(number)))
            batch.append(
                {
                    "id": own_id,
                    "vector": vectors,
                    "payload": payload(namespace, number),
                }
            )
        points.put(shared(), namespace.collection, batch)


def target_id(job_id: Any, namespace: Namespace) -> str:
    """The id that the clone of a namespace gets from a job."""
    return new_id(job_id, "namespaces", namespace.namespace_id)
