"""A small collection with all eight index types, nested lists and three kinds of vectors.

`Library` is its namespace as the pages have it, without a document in MongoDB.
"""

import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Role
from nsadmin.documents.collection import Opened, open_collection
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema import document
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import Cluster, http, shared

Json = dict[str, Any]

OWN, OTHER = "int_own", "int_other"
INDEXES: Json = {
    "internal_id": {"type": "keyword", "is_tenant": True},
    "document_id": {"type": "keyword"},
    "created_at": {"type": "datetime"},
    "color": {"type": "keyword"},
    "rank": {"type": "integer"},
    "score": {"type": "float"},
    "is_new": {"type": "bool"},
    "place": {"type": "geo"},
    "seen_at": {"type": "datetime"},
    "text": {"type": "text", "phrase_matching": True},
    "key": {"type": "uuid"},
    "tags": {"type": "keyword"},
    "items[].price": {"type": "float"},
}
COLORS = ("red", "green", "blue, dark", 'the "best"')
WORDS = ("harbour", "bridge", "night", "market", "rain", "train")
BEGAN = datetime(2026, 11, 1, tzinfo=UTC)
COUNT = 60


def key_of(number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"key {number % 20}"))


def payload_of(number: int) -> Json:
    """The payload of a point; some fields are missing, null, empty or lists."""
    found: Json = {
        "internal_id": OWN,
        "document_id": f"doc_{number}",
        "collection_id": "col_one",
        "created_at": moment(number),
        "color": COLORS[number % 4],
        "rank": number % 7,
        "score": number / 8,
        "is_new": number % 3 == 0,
        "place": {"lat": -60.0 + 2 * number, "lon": -170.0 + 5 * number},
        "seen_at": moment(number % 10),
        "text": " ".join(WORDS[(number + n) % 6] for n in range(3)),
        "key": key_of(number),
        "tags": [f"t{number % 5}", f"t{number % 3}"],
        "items": [
            {"price": float(number % 4), "unit": "kg"},
            {"price": float(number % 9), "unit": "g"},
        ],
        "meta": {"size": number % 6, "note": None if number % 2 else "kept"},
        "plain": f"value {number % 4}",
    }
    if number % 5 == 0:
        del found["color"]
    if number % 6 == 0:
        found["rank"] = None
    if number % 7 == 0:
        found["tags"] = []
    return found


def moment(number: int) -> str:
    at = BEGAN + timedelta(hours=6 * number, milliseconds=number)
    return at.isoformat().replace("+00:00", "Z")


def point_of(number: int) -> Json:
    """A point with an id of either kind; every third lacks a vector."""
    vector: Json = {"dense": [1.0, number / COUNT, 0.0, 0.5]}
    if number % 3:
        vector["words"] = {"indices": [1, number + 2], "values": [0.5, 1.5]}
    if number % 4 == 0:
        vector["rows"] = [[1.0, 0.0], [0.0, float(number)]]
    point_id = number if number % 2 else str(uuid.UUID(int=number + 1))
    return {"id": point_id, "vector": vector, "payload": payload_of(number)}


def foreign_points() -> list[Json]:
    """Points of another tenant, by either place that names one."""
    flat = {**payload_of(1), "internal_id": OTHER, "document_id": "doc_secret"}
    inner = {**payload_of(2), "_internal": {"internal_id": OTHER}}
    del inner["internal_id"]
    both = {**payload_of(3), "internal_id": [OWN, OTHER]}
    vector = {"dense": [1.0, 0.1, 0.0, 0.5]}
    return [
        {"id": 90_000 + number, "vector": vector, "payload": payload}
        for number, payload in enumerate((flat, inner, both))
    ]


def make_collection(cluster: Cluster, name: str, *, strict: Json | None = None) -> None:
    """Make the collection without points."""
    multi = {"comparator": "max_sim"}
    body = {
        "vectors": {
            "dense": {"size": 4, "distance": "Cosine"},
            "rows": {"size": 2, "distance": "Dot", "multivector_config": multi},
        },
        "sparse_vectors": {"words": {}},
    }
    if strict is not None:
        body["strict_mode_config"] = {"enabled": True, **strict}
    answer = http(cluster).put(f"/collections/{name}", json=body)
    assert answer.status_code == 200, answer.text


@dataclass(frozen=True)
class Library:
    """A namespace with its collection."""

    view: NamespaceView
    actor: Actor

    @property
    def name(self) -> str:
        return self.view.namespace.collection

    def open(self) -> Opened:
        return open_collection(self.actor, self.view)

    def put(self, rows: list[Json]) -> None:
        """Write the points, few at once: some of these payloads are slow to parse."""
        for start in range(0, len(rows), 25):
            points.put(shared(), self.name, rows[start : start + 25])

    def ask(self, method: str, path: str, body: Json | None = None) -> Any:
        """Ask Qdrant past all that is tested here."""
        answer = http(shared()).request(
            method, f"/collections/{self.name}{path}", json=body, timeout=60
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]


def library_of(name: str, **fields: Any) -> Library:
    """Return a namespace whose collection has this name."""
    now = datetime.now(UTC)
    raw: Json = {
        "_id": name,
        "namespace_id": name,
        "internal_id": OWN,
        "namespace_name": "library",
        "infrastructure": {"qdrant_collection": name, "compute_tier": "shared"},
        "payload_indexes": [
            {"field_name": field, "type": schema["type"], "field_schema": schema}
            for field, schema in INDEXES.items()
        ],
        **fields,
    }
    view = NamespaceView(document.read(raw), "org_own", "Own", False, now)
    actor = Actor(
        "user", "7", "noor@example.org", Role.MEMBER, "org_own", OWN, "Own", "pro"
    )
    return Library(view, actor)


@contextmanager
def made(
    rows: list[Json] | None = None,
    *,
    strict: Json | None = None,
    indexes: Json = INDEXES,
) -> Iterator[Library]:
    """Make a library with these points; it goes afterwards."""
    name = f"docs_{secrets.token_hex(5)}"
    make_collection(shared(), name)
    try:
        for field, schema in indexes.items():
            collections.create_index(shared(), name, field, schema)
        found = library_of(name)
        found.put([point_of(n) for n in range(COUNT)] if rows is None else rows)
        if strict is not None:
            config = {"strict_mode_config": {"enabled": True, **strict}}
            collections.change(shared(), name, config)
        yield found
    finally:
        collections.drop(shared(), name)
