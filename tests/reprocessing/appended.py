"""A namespace with two collections; one extractor was appended after its points."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from nsadmin.audit.record import RecordedActor
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.reprocessing.models import ReprocessRequest, RequestState
from nsadmin.stores.mongo import resources
from nsadmin.stores.qdrant import points
from nsadmin.stores.qdrant.cluster import shared
from tests.api.endpoints import REQUEST_ID, TOKEN
from tests.cast import Cast, make_namespace

# The program that works on requests to process again.
WORKER = RecordedActor("key", "key_gpu", "processing again")
FACES, TEXTS = "face_identity_extractor_v1", "text_extractor_v1"
TEXT_VECTOR = "text_extractor_v1_embedding"
SIZES = {"face_identity_extractor_v1_embedding": 512, TEXT_VECTOR: 1024}


def point(namespace: Namespace, number: int, of: str, **vectors: float) -> Any:
    """A point of a collection, with these of the vectors."""
    return {
        "id": number,
        "vector": {
            name: [value] + [0.0] * (SIZES[name] - 1) for name, value in vectors.items()
        },
        "payload": {
            "internal_id": namespace.internal_id,
            "namespace_id": namespace.namespace_id,
            "collection_id": of,
            "document_id": f"doc_{number}",
        },
    }


def appended_for(cast: Cast, name: str = "appended", **sizes: int) -> Namespace:
    """Make a namespace of Northlight: {collection: its number of points}."""
    namespace = make_namespace(
        cast.northlight, name, extractors=(FACES, TEXTS), point_count=0
    )
    sizes = sizes or {"col_a": 4, "col_b": 2}
    resources.put(
        "collections",
        [
            {
                "_id": f"{namespace.namespace_id}:{key}",
                "collection_id": key,
                "collection_name": key.replace("col_", "Footage "),
                "namespace_id": namespace.namespace_id,
            }
            for key in sizes
        ],
    )
    owners = [key for key, size in sizes.items() for _ in range(size)]
    points.put(
        shared(),
        namespace.namespace_id,
        [
            point(namespace, number, key, face_identity_extractor_v1_embedding=1.0)
            for number, key in enumerate(owners, start=1)
        ],
    )
    return namespace


@pytest.fixture
def appended(cast: Cast) -> Namespace:
    """A namespace whose six points in two collections lack the texts' vector."""
    return appended_for(cast)


def claimed_request(namespace: Namespace) -> ReprocessRequest:
    """Make a request for the one collection, claimed with the token of the endpoints."""
    resources.put(
        "collections",
        [
            {
                "_id": f"{namespace.namespace_id}:col_own",
                "collection_id": "col_own",
                "collection_name": "Own",
                "namespace_id": namespace.namespace_id,
            }
        ],
    )
    return ReprocessRequest.objects.create(
        request_id=REQUEST_ID,
        organization_id="org_of_tests",
        internal_id=namespace.internal_id,
        namespace_id=namespace.namespace_id,
        extractor_id=FACES,
        collection_ids=["col_own"],
        state=RequestState.CLAIMED,
        claimed_by="worker",
        claim_ends_at=timezone.now() + timedelta(hours=1),
        token_hash=hashlib.sha256(TOKEN.encode()).hexdigest(),
    )


def process(namespace: Namespace, numbers: dict[int, str]) -> None:
    """Do the platform's work: give points of collections the texts' vector."""
    points.put(
        shared(),
        namespace.namespace_id,
        [
            point(
                namespace,
                number,
                of,
                face_identity_extractor_v1_embedding=1.0,
                text_extractor_v1_embedding=1.0,
            )
            for number, of in numbers.items()
        ],
    )
