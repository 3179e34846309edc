"""Public forms of a namespace without secrets: the API's answers and table rows."""

from dataclasses import dataclass
from typing import Any, Literal

from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.plan.desired import required_indexes
from nsadmin.namespaces.plan.steps import format_parameters
from nsadmin.namespaces.read import mirror
from nsadmin.namespaces.read.queries import Counts
from nsadmin.namespaces.read.snapshots import Snapshot
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.extractors import REGISTRY
from nsadmin.namespaces.schema.infrastructure import PUBLIC_KEYS
from nsadmin.namespaces.schema.payload_indexes import INDEX_DEFAULTS, PROTECTED_INDEXES

IndexOrigin = Literal["Yours", "Auto", "Extractor", "System"]


def namespace_response(
    namespace: Namespace,
    counts: Counts,
    *,
    qdrant_status: dict[str, Any] | None = None,
) -> Raw:
    """Return the NamespaceModel of the API; unknown is null."""
    return {
        "namespace_name": namespace.name,
        "object": "namespace",
        "namespace_id": namespace.namespace_id,
        "mode": "managed",
        "namespace_type": namespace.namespace_type,
        "scope": namespace.scope,
        "infrastructure": public_infrastructure(namespace),
        "cluster_id": namespace.cluster_id,
        "description": namespace.description,
        "feature_extractors": [
            {
                "feature_extractor_name": e.name,
                "version": e.version,
                "feature_extractor_id": e.id,
                "params": e.params or {},
            }
            for e in namespace.extractors
        ],
        "payload_indexes": payload_indexes(namespace),
        "document_count": counts.documents,
        "bucket_count": counts.buckets,
        "collection_count": counts.collections,
        "object_count": counts.objects,
        "auto_create_indexes": namespace.auto_create_indexes,
        "vector_inference_map": namespace.vector_inference_map,
        "vector_configs": None,  # only namespaces without extractors would have them
        "qdrant_status": qdrant_status,
        "created_at": namespace.created_at,
        "updated_at": namespace.updated_at,
        "expires_at": namespace.expires_at,
        "clone_status": namespace.clone_status,
        "clone_error": namespace.clone_error,
        "source_namespace_id": namespace.source_namespace_id,
        "revision": namespace.revision,
        "observed_revision": namespace.observed_revision,
    }


def row_response(row: MirroredNamespace) -> Raw:
    """Return the same for a mirrored row, with the counts that the mirror knows."""
    namespace = document.read(mirror.restore_document(row.document))
    counts = Counts(
        row.document_count,
        row.object_count,
        row.bucket_count,
        row.collection_count,
        row.retriever_count,
        row.taxonomy_count,
    )
    return namespace_response(namespace, counts)


def public_infrastructure(namespace: Namespace) -> Raw:
    """Return the infrastructure without secrets; says whether a key is stored."""
    stored = namespace.infrastructure
    public = {key: stored[key] for key in PUBLIC_KEYS if key in stored}
    provided = stored.get("qdrant_api_key_provided")
    if namespace.tier != "shared":
        public["qdrant_api_key_provided"] = bool(
            provided or stored.get("qdrant_api_key_sealed")
        )
    return {
        **public,
        "compute_tier": namespace.tier,
        "qdrant_collection": namespace.collection,
    }


def payload_indexes(namespace: Namespace) -> list[Raw]:
    """Return custom indexes first, then the protected ones of extractors and system."""
    custom = [
        {
            "field_name": index.field_name,
            "type": index.type,
            "field_schema": index.schema,
            "is_protected": False,
        }
        for index in namespace.indexes
    ]
    fixed = {**required_indexes(namespace), **PROTECTED_INDEXES}
    return custom + [
        {
            "field_name": field,
            "type": schema["type"],
            "field_schema": {**INDEX_DEFAULTS[schema["type"]], **schema},
            "is_protected": True,
        }
        for field, schema in fixed.items()
    ]


@dataclass(frozen=True, slots=True)
class IndexRow:
    """A row of the table of payload indexes; `points` is None while unknown."""

    field_name: str
    type: str
    schema: Raw
    parameters: str
    origin: IndexOrigin
    points: int | None
    share: float | None
    state: Literal["built", "missing", "unknown"]

    @property
    def can_change(self) -> bool:
        """Whether people may drop or change it."""
        return self.origin in ("Yours", "Auto")


_ORIGINS: dict[str, IndexOrigin] = {"user": "Yours", "auto": "Auto"}


def index_rows(namespace: Namespace, snapshot: Snapshot | None) -> list[IndexRow]:
    """Return all declared indexes with their state in the last snapshot."""
    rows = [
        _index_row(index.field_name, index.schema, _ORIGINS[index.origin], snapshot)
        for index in namespace.indexes
    ]
    rows += [
        _index_row(field, schema, "Extractor", snapshot)
        for field, schema in required_indexes(namespace).items()
    ]
    rows += [
        _index_row(field, schema, "System", snapshot)
        for field, schema in PROTECTED_INDEXES.items()
    ]
    return rows


def _index_row(
    field: str, schema: Raw, origin: IndexOrigin, snapshot: Snapshot | None
) -> IndexRow:
    live = snapshot.live if snapshot is not None else None
    entry = live.indexes.get(field) if live is not None else None
    points = int(entry["points"]) if entry is not None else None
    share = None
    if points is not None and live is not None and live.points:
        share = min(100.0, 100 * points / live.points)
    state: Literal["built", "missing", "unknown"] = "unknown"
    if _is_gone(snapshot):
        state = "missing"
    elif live is not None:
        state = "built" if entry is not None else "missing"
    return IndexRow(
        field_name=field,
        type=schema["type"],
        schema=schema,
        parameters=format_parameters(schema),
        origin=origin,
        points=points,
        share=share,
        state=state,
    )


@dataclass(frozen=True, slots=True)
class VectorRow:
    """A vector of a registered extractor with its state in the last snapshot.

    `having` is the number of points with it and of all points; None while unknown.
    """

    extractor_id: str
    extractor_name: str
    version: str
    inputs: tuple[str, ...]
    name: str
    size: int
    distance: str
    inference: str | None
    state: Literal["there", "missing", "other size", "unknown"]
    having: tuple[int, int] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether the collection has points but none has this vector."""
        return self.having is not None and self.having[0] == 0 < self.having[1]


def vector_rows(namespace: Namespace, snapshot: Snapshot | None) -> list[VectorRow]:
    """Return the vectors of all registered extractors that the registry knows."""
    rows = []
    for entry in namespace.extractors:
        extractor = REGISTRY.get(entry.id)
        if extractor is None:
            continue
        for vector in extractor.vectors_for(entry.params or {}):
            state = _vector_state(vector.name, vector.size, vector.distance, snapshot)
            rows.append(
                VectorRow(
                    extractor_id=entry.id,
                    extractor_name=entry.name,
                    version=entry.version,
                    inputs=extractor.inputs,
                    name=vector.name,
                    size=vector.size,
                    distance=vector.distance,
                    inference=namespace.vector_inference_map.get(vector.name)
                    or vector.inference,
                    state=state,
                    having=snapshot.vector_count(vector.name) if snapshot else None,
                )
            )
    return rows


def _is_gone(snapshot: Snapshot | None) -> bool:
    """Tell whether the collection was missing when Qdrant last answered."""
    return snapshot is not None and snapshot.live_at is not None and not snapshot.exists


def _vector_state(
    name: str, size: int, distance: str, snapshot: Snapshot | None
) -> Literal["there", "missing", "other size", "unknown"]:
    if _is_gone(snapshot):
        return "missing"
    if snapshot is None or snapshot.live is None:
        return "unknown"
    live = snapshot.live.vectors.get(name)
    if live is None:
        return "missing"
    same = (live["size"], live["distance"]) == (size, distance)
    return "there" if same else "other size"
