"""The namespace's own document in the namespace store."""

from datetime import datetime, timedelta
from typing import Any

from nsadmin.embedded.seed.layout import FIRST_DAY
from nsadmin.embedded.seed.points import declared_vectors
from nsadmin.embedded.seed.specs import NamespaceSpec
from nsadmin.namespaces.schema.document import StoredIndex, index_entry
from nsadmin.namespaces.schema.extractors import REGISTRY, completed_params
from nsadmin.namespaces.schema.infrastructure import DEFAULTS
from nsadmin.namespaces.schema.payload_indexes import clean_schema
from nsadmin.namespaces.schema.text import name_key

Stored = dict[str, Any]


def namespace_document(
    spec: NamespaceSpec, *, now: datetime, cluster: Stored | None = None
) -> Stored:
    """The stored document; `cluster` is the address of a dedicated cluster."""
    stored: Stored = {
        "_id": spec.namespace_id,
        "namespace_id": spec.namespace_id,
        "internal_id": spec.organization.internal_id,
        "namespace_name": spec.name,
        "name_key": name_key(spec.name),
        "namespace_type": "standard",
        "scope": spec.scope,
        "infrastructure": infrastructure(spec, cluster or {}),
        "description": spec.description,
        "feature_extractors": [_extractor(each) for each in spec.extractors],
        "payload_indexes": [index_entry(index) for index in custom_indexes(spec)],
        "auto_create_indexes": spec.auto_create_indexes,
        "vector_inference_map": {
            name: vector.inference
            for name, vector in declared_vectors(spec).items()
            if vector.inference
        },
        "created_at": FIRST_DAY,
        "updated_at": FIRST_DAY + timedelta(days=30),
        "revision": 1,
        "observed_revision": 1,
        "changes": [],
    }
    if spec.expires_in:
        # BSON keeps milliseconds.
        whole = now.replace(microsecond=now.microsecond // 1000 * 1000)
        stored["expires_at"] = whole + spec.expires_in
    return stored


def infrastructure(spec: NamespaceSpec, cluster: Stored) -> Stored:
    """The placement of the namespace; worker settings only on a dedicated tier."""
    shared = {
        "qdrant_collection": spec.namespace_id,
        "compute_tier": spec.compute_tier,
        "max_concurrent_jobs": DEFAULTS["max_concurrent_jobs"],
        "autoscaling_enabled": False,
    }
    if spec.compute_tier == "shared":
        return shared
    workers = {
        "autoscaling_enabled": True,
        "min_workers": DEFAULTS["min_workers"],
        "max_workers": 4,
        "ray_head_node_url": "ray://ray.northlight.example:10001",
    }
    return {**shared, **workers, **cluster}


def custom_indexes(spec: NamespaceSpec) -> list[StoredIndex]:
    """The custom payload indexes with all parameters of their types."""
    return [
        StoredIndex(
            index.field_name,
            clean_schema(index.type, index.params, at=index.field_name, kept={}),
            "auto" if index.auto else "user",
        )
        for index in spec.indexes
    ]


def _extractor(extractor_id: str) -> Stored:
    extractor = REGISTRY[extractor_id]
    return {
        "feature_extractor_name": extractor.name,
        "version": extractor.version,
        "params": completed_params(extractor, None, at="params"),
    }
