"""A namespace as the API and the tables show it: typed values without secrets."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from nsadmin.namespaces.mirror import mirror
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.plan.desired import required_indexes
from nsadmin.namespaces.plan.steps import format_parameters
from nsadmin.namespaces.read.counts import Counts
from nsadmin.namespaces.read.snapshots import Snapshot
from nsadmin.namespaces.schema.document import Namespace, Raw, Tier
from nsadmin.namespaces.schema.extractors import REGISTRY
from nsadmin.namespaces.schema.infrastructure import PUBLIC_KEYS
from nsadmin.namespaces.schema.payload_indexes import INDEX_DEFAULTS, PROTECTED_INDEXES

IndexOrigin = Literal["Yours", "Auto", "Extractor", "System"]


@dataclass(frozen=True, slots=True)
class PublicInfrastructure:
    """Where a namespace computes and stores, without secrets.

    `settings` has the stored values that may be shown, by key. `has_key` tells whether
    a Qdrant API key is stored; it is None on the shared tier, which has none.
    """

    tier: Tier
    collection: str
    has_key: bool | None
    settings: Raw


def public_infrastructure(namespace: Namespace) -> PublicInfrastructure:
    """Return the infrastructure of a namespace without secrets."""
    stored = namespace.infrastructure
    has_key = None
    if namespace.tier != "shared":
        has_key = bool(
            stored.get("qdrant_api_key_provided") or stored.get("qdrant_api_key_sealed")
        )
    return PublicInfrastructure(
        tier=namespace.tier,
        collection=namespace.collection,
        has_key=has_key,
        settings={key: stored[key] for key in PUBLIC_KEYS if key in stored},
    )


@dataclass(frozen=True, slots=True)
class ListedIndex:
    """A payload index of a namespace; `schema` holds its type and all parameters.

    A protected index belongs to an extractor or to the system.
    """

    field_name: str
    schema: Raw
    is_protected: bool


def listed_indexes(namespace: Namespace) -> list[ListedIndex]:
    """Return custom indexes first, then the protected ones of extractors and system."""
    custom = [
        ListedIndex(index.field_name, index.schema, is_protected=False)
        for index in namespace.indexes
    ]
    fixed = {**required_indexes(namespace), **PROTECTED_INDEXES}
    return custom + [
        ListedIndex(
            field, {**INDEX_DEFAULTS[schema["type"]], **schema}, is_protected=True
        )
        for field, schema in fixed.items()
    ]


def read_mirrored(
    row: MirroredNamespace, *, without: Collection[str] = ()
) -> tuple[Namespace, Counts]:
    """Return the namespace of a mirrored row, and the counts that the mirror has.

    Fields of the document `without` which it is read have their defaults.
    """
    counts = Counts(
        documents=row.document_count,
        objects=row.object_count,
        buckets=row.bucket_count,
        collections=row.collection_count,
        retrievers=row.retriever_count,
        taxonomies=row.taxonomy_count,
        documents_at=row.document_count_at,
    )
    return mirror.read_row(row, without=without), counts


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
