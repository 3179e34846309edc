"""A small source with one of everything that a mapping or a copy may get wrong."""

from typing import Any

from nsadmin.access.models import Organization
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.mongo import resources
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import http, shared
from tests.cast import make_namespace

Json = dict[str, Any]

COSINE, DOT, SPARSE, MULTI = "by_meaning", "by_sound", "by_word", "by_part"


class Ids:
    """The ids of the source's resources."""

    def __init__(self, namespace_id: str) -> None:
        tail = namespace_id.removeprefix("ns_")
        self.namespace = namespace_id
        self.bucket, self.archive = f"bkt_a{tail}", f"bkt_b{tail}"
        self.base, self.derived = f"col_a{tail}", f"col_b{tail}"


def payload(ids: Ids, number: int) -> Json:
    """A payload with references, and with values that are easy to spoil."""
    return {
        "namespace_id": ids.namespace,
        "collection_id": ids.base,
        "root_bucket_id": ids.bucket,
        "collection_ids": [ids.base, ids.derived],
        "lineage_path": f"s3://{ids.bucket}//raw/{ids.base}/",
        "_internal": {"lineage": {"path": f"{ids.bucket}/{ids.base}"}},
        "source_bucket_schemas": {ids.bucket: {"a": 1}, ids.archive: {}},
        "note": ids.base,
        "number": number,
        "whole": 10.0,
        "score": number / 7,
        "title": "  Cafe\u0301 du Nord  ",
        "long": "x" * 400,
        "tags": ["b", "a", "b"],
        "place": {"lat": 52.520008, "lon": 13.404954},
        "empty": {"object": {}, "list": [], "text": "", "null": None},
    }


def vectors(number: int) -> Json:
    """A vector of each form."""
    return {
        COSINE: [0.1 + number, 0.2, -0.3, 0.4],
        DOT: [0.123456789 * (number + 1), 1e-7, 65504.5, -2.5],
        SPARSE: {"indices": [70_000, 3], "values": [0.25, 1.5]},
        MULTI: [[0.1, 0.9], [0.7, -0.3], [0.5, 0.5 + number]],
    }


def make_odd_source(organization: Organization, *, count: int = 6) -> Namespace:
    """A namespace with these points, some without one of the vectors."""
    namespace = make_namespace(organization, "odd source", point_count=0)
    _make_collection(namespace.collection)
    ids = Ids(namespace.namespace_id)
    _fill_store(namespace, ids)
    rows = [
        {"id": n, "vector": vectors(n), "payload": payload(ids, n)}
        for n in range(count)
    ]
    del rows[-1]["vector"][SPARSE], rows[-2]["vector"][MULTI]
    points.put(shared(), namespace.collection, rows)
    return namespace


def _make_collection(name: str) -> None:
    collections.drop(shared(), name)
    body = {
        "vectors": {
            COSINE: {"size": 4, "distance": "Cosine"},
            DOT: {"size": 4, "distance": "Dot"},
            MULTI: {
                "size": 2,
                "distance": "Dot",
                "multivector_config": {"comparator": "max_sim"},
            },
        },
        "sparse_vectors": {SPARSE: {}},
    }
    http(shared()).put(f"/collections/{name}", json=body).raise_for_status()


def _fill_store(namespace: Namespace, ids: Ids) -> None:
    def owned(kind: str, own_id: str) -> Json:
        return {
            "_id": own_id,
            f"{kind}_id": own_id,
            f"{kind}_name": own_id[:5],
            "namespace_id": namespace.namespace_id,
            "internal_id": namespace.internal_id,
        }

    buckets = [owned("bucket", own_id) for own_id in (ids.bucket, ids.archive)]
    resources.put("buckets", buckets)
    held = [owned("collection", own_id) for own_id in (ids.base, ids.derived)]
    resources.put("collections", held)
