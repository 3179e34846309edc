"""Collections as other programs make them: odd vectors, payloads, indexes and names.

They are made by plain HTTP, as another program would, and each belongs to a namespace
whose document is sound.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
from django.conf import settings

from nsadmin.access.models import Organization
from nsadmin.namespaces.schema.document import Namespace
from tests.cast import make_namespace

FACE = {"face_identity_extractor_v1_embedding": {"size": 512, "distance": "Cosine"}}
Json = dict[str, Any]


@dataclass(frozen=True)
class OddCollection:
    """A collection as the bodies of the calls that make it."""

    name: str
    vectors: Json = field(default_factory=lambda: FACE)
    config: Json = field(default_factory=dict)
    payloads: tuple[Json, ...] = ()
    indexes: tuple[tuple[str, Any], ...] = ()
    ids: tuple[int | str, ...] = ()
    is_missing: bool = False


_MIXED: tuple[Any, ...] = ("a", 1, 1.5, True, None, [], {}, [1, "a"])


def _places(*values: Any) -> tuple[Json, ...]:
    return tuple({"place": value} for value in values) * 8


def _deep(levels: int) -> Json:
    found: Json = {"end": 1}
    for _ in range(levels):
        found = {"in": found}
    return found


ODD = (
    OddCollection("vector named size", {"size": {"size": 4, "distance": "Dot"}}),
    OddCollection(
        "vector named distance", {"distance": {"size": 4, "distance": "Dot"}}
    ),
    OddCollection("one unnamed vector", {"size": 4, "distance": "Dot"}),
    OddCollection("sparse alone", {}, {"sparse_vectors": {"words": {}}}),
    OddCollection(
        "multivector",
        {
            "pages": {
                "size": 4,
                "distance": "Cosine",
                "multivector_config": {"comparator": "max_sim"},
            }
        },
    ),
    OddCollection("another size", {next(iter(FACE)): {"size": 3, "distance": "Dot"}}),
    OddCollection("metadata of others", config={"metadata": {"namespace_id": 5}}),
    OddCollection("metadata lists", config={"metadata": {"namespace_id": ["a"]}}),
    OddCollection("no collection", is_missing=True),
    OddCollection("places as text", payloads=_places({"lon": "13.4", "lat": "52.5"})),
    OddCollection("places null", payloads=_places({"lon": None, "lat": None}, None)),
    OddCollection("places beyond", payloads=_places({"lon": 200, "lat": 95}, [], [[]])),
    OddCollection(
        "large numbers",
        payloads=tuple({"n": n, "f": 1e308} for n in (2**63 - 1, -(2**63), 0)),
    ),
    OddCollection("deep payload", payloads=(_deep(60),)),
    OddCollection(
        "mixed types",
        payloads=tuple({"x": x} for x in _MIXED),
    ),
    OddCollection(
        "odd keys",
        payloads=({"": 1, "a.b": 2, "a[]": 3, '"q"': 4, "ключ": 5, "🎞️": 6, " ": 7},),
    ),
    OddCollection("long keys", payloads=({"k" * 1000: "v", "x": "y" * 20_000},)),
    OddCollection("many keys", payloads=({f"field_{n}": n for n in range(2000)},)),
    OddCollection(
        "owned by others",
        payloads=({"namespace_id": "ns_other", "internal_id": "int_other"},),
    ),
    OddCollection(
        "owner of a wrong type", payloads=({"namespace_id": 5, "internal_id": [1]},)
    ),
    OddCollection(
        "ids of both kinds",
        payloads=({"a": 1}, {"a": 2}, {"a": 3}),
        ids=(0, 2**63, "00000000-0000-0000-0000-000000000000"),
    ),
    OddCollection("index on text", indexes=(('"some words"', "keyword"),)),
    OddCollection(
        "index undeclared", indexes=(("x" * 200, "integer"), ('"ключ"', "text"))
    ),
)


def plant(organization: Organization) -> Iterator[tuple[OddCollection, Namespace]]:
    """Make a namespace for each odd collection; yield both."""
    with httpx.Client(
        base_url=settings.NSADMIN_QDRANT_URL,
        headers={"api-key": settings.NSADMIN_QDRANT_API_KEY},
        timeout=30,
    ) as server:
        for odd in ODD:
            made = make_namespace(
                organization, odd.name, in_qdrant=False, auto_create_indexes=True
            )
            if not odd.is_missing:
                _make(server, made.collection, odd)
            yield odd, made


def _make(server: httpx.Client, name: str, odd: OddCollection) -> None:
    path = f"/collections/{name}"
    _sent(server, "PUT", path, {"vectors": odd.vectors, **odd.config})
    for field_name, schema in odd.indexes:
        body = {"field_name": field_name, "field_schema": schema}
        _sent(server, "PUT", f"{path}/index?wait=true", body)
    ids = odd.ids or range(1, len(odd.payloads) + 1)
    points = [
        {"id": key, "vector": {}, "payload": payload}
        for key, payload in zip(ids, odd.payloads, strict=False)
    ]
    if points:
        _sent(server, "PUT", f"{path}/points?wait=true", {"points": points})


def _sent(server: httpx.Client, method: str, path: str, body: Json) -> None:
    answer = server.request(method, path, json=body)
    assert answer.status_code == 200, (path, answer.text[:500])
