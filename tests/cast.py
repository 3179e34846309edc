"""A small named cast: Northlight (enterprise) acts, Halden (pro) is the stranger.

`assemble()` makes people, keys and three small namespaces with real collections:
`own` of Northlight, `foreign` of Halden, `system` of the operator.
"""

import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.test import Client

from nsadmin.access.actor import Actor
from nsadmin.access.keys.keys import actor_of_key
from nsadmin.access.models import Organization
from nsadmin.access.organization import invitations
from nsadmin.access.organization.invitations import IssuedInvitation
from nsadmin.access.organization.organizations import actor_of_user
from nsadmin.access.permissions import Role
from nsadmin.jobs.models import Job
from nsadmin.namespaces.mirror import comparison, mirror
from nsadmin.namespaces.mirror.document_copy import redact_secrets
from nsadmin.namespaces.models import MirroredDocument, MirroredNamespace
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.extractors import REGISTRY
from nsadmin.namespaces.schema.payload_indexes import PROTECTED_INDEXES
from nsadmin.namespaces.schema.text import name_key
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo import resources
from nsadmin.stores.mongo.connection import collection
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import shared
from tests import collection_pool
from tests.people import BACKEND, People, gather

RUN = secrets.token_hex(3)
COLLECTION_PREFIX = f"ns_t{RUN}"


@dataclass
class Cast(People):
    """Everybody and everything."""

    own: Namespace = None
    foreign: Namespace = None
    system: Namespace = None

    def actor(self, role: str = "admin") -> Actor:
        """The actor that the role's key stands for."""
        return actor_of_key(self.keys[role])

    def bearer(self, role: str = "admin") -> dict[str, str]:
        """Request headers with the role's key; "stranger" is Halden's admin."""
        return {"authorization": f"Bearer {self.keys[role]}"}

    def browser(self, role: str = "admin") -> Client:
        """A client that is signed in as a role."""
        client = Client(raise_request_exception=False)
        client.force_login(self.users[role], BACKEND)
        return client


def namespace_id() -> str:
    """A new id that is this run's own."""
    return f"{COLLECTION_PREFIX}{secrets.token_hex(4)}"


def make_namespace(organization: Organization, name: str, **wanted: Any) -> Namespace:
    """Make a namespace that is `planted` as wanted, stored and listed."""
    raw = planted(organization, name, **wanted)
    store.insert(raw)
    mirror.mirror_one(raw)
    return document.read(raw)


def planted(
    organization: Organization,
    name: str,
    *,
    extractors: tuple[str, ...] = ("face_identity_extractor_v1",),
    indexes: dict[str, dict[str, Any]] | None = None,
    point_count: int = 3,
    scope: str = "org",
    in_qdrant: bool = True,
    known_as: str = "",
    **extra: Any,
) -> dict[str, Any]:
    """Make the collection with its indexes and some points; return the document."""
    fields = {**PROTECTED_INDEXES, **(indexes or {})}
    shape = f"{extractors} {fields} {known_as}"
    spare = collection_pool.take(shape) if in_qdrant else None
    new_id = spare or known_as or namespace_id()
    now = datetime.now(UTC).replace(microsecond=0)
    entries = [REGISTRY[extractor_id] for extractor_id in extractors]
    vectors = {v.name: (v.size, v.distance) for e in entries for v in e.vectors_for({})}
    raw: dict[str, Any] = {
        "_id": new_id,
        "namespace_id": new_id,
        "internal_id": organization.internal_id,
        "namespace_name": name,
        "name_key": name_key(name),
        "namespace_type": "standard",
        "scope": scope,
        "infrastructure": {
            "qdrant_collection": new_id,
            "compute_tier": "shared",
            "max_concurrent_jobs": 10,
            "autoscaling_enabled": True,
        },
        "feature_extractors": [
            {
                "feature_extractor_name": e.name,
                "version": e.version,
                "params": dict(e.defaults),
            }
            for e in entries
        ],
        "payload_indexes": [
            {
                "field_name": field_name,
                "type": schema["type"],
                "field_schema": schema,
                "is_protected": False,
                "origin": "user",
            }
            for field_name, schema in (indexes or {}).items()
        ],
        "auto_create_indexes": False,
        "vector_inference_map": {
            v.name: v.inference
            for e in entries
            for v in e.vectors_for({})
            if v.inference
        },
        "created_at": now,
        "updated_at": now,
        "revision": 1,
        "observed_revision": 1,
        "changes": [],
        **extra,
    }
    if in_qdrant and spare is None:
        _collect(new_id, vectors, fields)
        collection_pool.know(new_id, shape)
    if in_qdrant and not collection_pool.fill(
        new_id, _points(raw, vectors, point_count)
    ):
        collection_pool.drop(new_id)
        _collect(new_id, vectors, fields)
        points.put(shared(), new_id, _points(raw, vectors, point_count))
    return raw


def _collect(
    name: str, vectors: dict[str, tuple[int, str]], indexes: dict[str, Any]
) -> None:
    collections.create(shared(), name, vectors)
    for field_name, schema in indexes.items():
        collections.create_index(shared(), name, field_name, schema)


def _points(
    raw: dict[str, Any], vectors: dict[str, tuple[int, str]], count: int
) -> list[dict[str, Any]]:
    return [
        {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{raw['_id']}{number}")),
            "vector": {
                name: [1.0 if i == number % size else 0.0 for i in range(size)]
                for name, (size, _) in vectors.items()
            },
            "payload": {
                "internal_id": raw["internal_id"],
                "namespace_id": raw["_id"],
                "document_id": f"doc_{number}",
                "title": f"Title number {number}",
                "rank": number,
            },
        }
        for number in range(count)
    ]


def make_job(organization: Organization, **values: Any) -> Job:
    """A job of an organization that waits to start."""
    return Job.objects.create(
        **{
            "kind": "clone",
            "organization_id": organization.organization_id,
            "internal_id": organization.internal_id,
            "title": "Clone",
            "actor_kind": "key",
            "actor_id": "k",
            "actor_label": "key k",
            **values,
        }
    )


def make_resources(namespace: Namespace) -> str:
    """Give a namespace one bucket with one object; return the bucket's id."""
    base = {
        "namespace_id": namespace.namespace_id,
        "internal_id": namespace.internal_id,
    }
    bucket_id = f"bkt_{secrets.token_hex(5)}"
    resources.put("buckets", [{"_id": bucket_id, "bucket_id": bucket_id, **base}])
    object_id = f"obj_{secrets.token_hex(5)}"
    resources.put(
        "objects",
        [
            {
                "_id": f"{namespace.namespace_id}:{object_id}",
                "object_id": object_id,
                "bucket_id": bucket_id,
                **base,
            }
        ],
    )
    return bucket_id


def assemble() -> Cast:
    """Make the whole cast."""
    cast = Cast(**vars(gather()))
    made = {
        who: planted(
            organization, title, scope=scope, known_as=f"{COLLECTION_PREFIX}{who}"
        )
        for who, organization, title, scope in (
            ("own", cast.northlight, "film archive", "org"),
            ("foreign", cast.halden, "museum objects", "org"),
            ("system", cast.operator, "world sample", "system"),
        )
    }
    collection(store.NAME).insert_many(list(made.values()))
    for who, raw in made.items():
        setattr(cast, who, document.read(raw))
    owners = (cast.northlight, cast.halden, cast.operator)
    _list(zip((cast.own, cast.foreign, cast.system), owners, strict=True))
    comparison.record_filled(3, datetime.now(UTC))
    return cast


def _list(owned: Iterable[tuple[Namespace, Organization]]) -> None:
    """Write the rows of new namespaces, all at once."""
    known = list(owned)
    MirroredNamespace.objects.bulk_create(
        MirroredNamespace(
            namespace_id=namespace.namespace_id,
            **mirror.values_of(namespace, owner.organization_id),
        )
        for namespace, owner in known
    )
    MirroredDocument.objects.bulk_create(
        MirroredDocument(
            namespace_id=namespace.namespace_id, content=redact_secrets(namespace.raw)
        )
        for namespace, _ in known
    )


def invite(organization: Organization, email: str, name: str = "") -> IssuedInvitation:
    """Ask an address to join as a viewer, for the organization's first admin."""
    admin = organization.memberships.filter(role="admin")[0].user
    actor = actor_of_user(admin, organization.organization_id)
    assert actor is not None
    return invitations.invite(
        actor, organization, admin, email=email, name=name, role=Role.VIEWER
    )
