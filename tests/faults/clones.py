"""Clones made by real workers, and checks that they equal their source."""

import math
import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_OID, uuid4, uuid5

from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.models import Membership, Organization, User
from nsadmin.access.permissions import Role
from nsadmin.clones.request import CloneRequest, Include
from nsadmin.clones.start import launch
from nsadmin.jobs.models import Job, State
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo import resources
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import make_namespace
from tests.clones.conftest import require_verified
from tests.clones.sources import Names, documents, payload

Json = Any

FACES = "face_identity_extractor_v1"
EVERYTHING = Include(collections=True, retrievers=True, taxonomies=True)
# Texts and addresses of files stay as they are.
KEPT = {"title", "prompt", "url", "key_prefix", "source_namespace_id"}


def make_source(
    actor: Actor, name: str, *, count: int, extractors: tuple[str, ...] = (FACES,)
) -> Namespace:
    """A namespace of `count` points with a few vectors, and every kind of resource."""
    organization = Organization.objects.get(organization_id=actor.organization_id)
    namespace = make_namespace(organization, name, extractors=extractors, point_count=0)
    fill(namespace, count=count)
    return namespace


def fill(namespace: Namespace, *, count: int) -> None:
    """Write `count` points with all vectors, and every kind of resource."""
    for kind, rows in documents(namespace, objects=300).items():
        for start in range(0, len(rows), 200):
            resources.put(kind, rows[start : start + 200])  # type: ignore[arg-type]
    live = collections.get(shared(), namespace.collection)
    sizes = {vector: shape.size for vector, shape in live.vectors.items()}
    numbers = random.Random(count)
    for start in range(0, count, 500):
        batch = [
            {
                "id": n if n % 2 else str(uuid5(NAMESPACE_OID, str(n))),
                "vector": {
                    vector: [numbers.random() for _ in range(size)]
                    for vector, size in sizes.items()
                },
                "payload": payload(namespace, n),
            }
            for n in range(start, min(start + 500, count))
        ]
        points.put(shared(), namespace.collection, batch)


def begin(actor: Actor, source: Namespace, name: str) -> Job:
    """Launch a clone with everything."""
    return launch(actor, source.namespace_id, CloneRequest(name, EVERYTHING)).job


def like(job: Job, number: int) -> list[Job]:
    """Put more jobs behind a queued one, each a copy of its row."""
    fields = {f.attname: getattr(job, f.attname) for f in Job._meta.concrete_fields}
    now = timezone.now()
    rows = [
        Job(
            **{
                **fields,
                "job_id": uuid4(),
                "slot": None,
                "created_at": now + timedelta(milliseconds=later),
            }
        )
        for later in range(number)
    ]
    return Job.objects.bulk_create(rows)


def person_of(actor: Actor) -> User:
    """A person of the actor's organization, for its pages."""
    address = f"{actor.organization_id.replace('_', '-')}@plant.example"
    person = User.objects.create_user(address, "a-long-enough-password")
    Membership.objects.create(
        user=person, organization_id=actor.organization_id, role=Role.ADMIN.value
    )
    return person


def points_done(job: Job) -> int:
    """How many points the job has copied by now."""
    stages = (refreshed(job).progress or {}).get("stages", [])
    return sum(stage["done"] for stage in stages if stage["key"] == "points")


def refreshed(job: Job) -> Job:
    """The job, read again from the database."""
    job.refresh_from_db()
    return job


def require_complete(source: Namespace, job: Job) -> None:
    """The clone is the source with new ids: nothing is missing, nothing is doubled."""
    assert (refreshed(job).state, job.error) == (State.DONE, "")
    assert job.outputs["source_changed"] is False
    require_verified(job)
    require_same(source, job.namespace_id)


def require_same(source: Namespace, clone: str) -> None:
    """A namespace is ready, and is the source with new ids."""
    assert store.get(clone)["clone_status"] == "ready"
    ids = _ids(source.namespace_id, clone)
    for kind in resources.KINDS:
        _require_same_documents(kind, source.namespace_id, clone, ids)
    _require_same_points(source.collection, clone, ids)


def require_deleted(job: Job) -> None:
    """No document, resource or collection of a clone is left."""
    assert store.get(job.namespace_id) is None
    assert collections.get(shared(), job.namespace_id) is None
    assert set(resources.counts(job.namespace_id).values()) == {0}


def _ids(source: str, clone: str) -> dict[str, str]:
    """The new id of each old id, found by the names of the resources."""
    ids = {source: clone}
    for kind in ("buckets", "collections", "retrievers", "taxonomies"):
        own, name = f"{_one(kind)}_id", f"{_one(kind)}_name"
        new = {row[name]: row[own] for row in resources.every(kind, clone)}
        old = {row[name]: row[own] for row in resources.every(kind, source)}
        assert new.keys() == old.keys(), kind
        ids |= {old[known]: new[known] for known in old}
    assert ids.keys() == set(vars(Names(source)).values())
    assert not ids.keys() & set(ids.values())
    return ids


def _one(kind: str) -> str:
    return "taxonomy" if kind == "taxonomies" else kind.removesuffix("s")


def _renamed(value: Json, ids: dict[str, str], key: str = "") -> Json:
    if isinstance(value, dict):
        return {ids.get(k, k): _renamed(v, ids, k) for k, v in value.items()}
    if isinstance(value, list):
        return [_renamed(entry, ids, key) for entry in value]
    if isinstance(value, str) and key not in KEPT:
        return "/".join(ids.get(part, part) for part in value.split("/"))
    return value


def _strings(value: Json, key: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, entry in value.items():
            yield name
            yield from _strings(entry, name)
    elif isinstance(value, list):
        for entry in value:
            yield from _strings(entry, key)
    elif isinstance(value, str) and key not in KEPT:
        yield from value.split("/")


def _require_same_documents(
    kind: Any, source: str, clone: str, ids: dict[str, str]
) -> None:
    before = list(resources.every(kind, source))
    after = list(resources.every(kind, clone))
    assert before, kind
    assert len(after) == len({row["_id"] for row in after}) == len(before), kind
    for row in after:
        left = ids.keys() & set(_strings(row))
        assert not left, f"{kind} {row['_id']} refers to the source: {left}"
    if kind == "objects":
        wanted = {row["object_id"]: _renamed(row, ids) for row in before}
        for row in after:
            row["_id"] = wanted[row["object_id"]]["_id"] = ""
        assert wanted == {row["object_id"]: row for row in after}


def _require_same_points(source: str, clone: str, ids: dict[str, str]) -> None:
    pages = zip(_pages(source), _pages(clone), strict=True)
    seen: set[Any] = set()
    for before, after in pages:
        assert [p["id"] for p in before] == [p["id"] for p in after]
        for one, other in zip(before, after, strict=True):
            assert other["payload"] == _renamed(one["payload"], ids)
            assert _is_close(one["vector"], other["vector"])
            seen.add(one["id"])
    assert seen
    assert points.count(shared(), source) == len(seen) == points.count(shared(), clone)


def _is_close(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(
        math.isclose(a, b, rel_tol=1e-5, abs_tol=1e-6)
        for name, numbers in one.items()
        for a, b in zip(numbers, other[name], strict=True)
    )


def _pages(collection: str) -> Iterator[list[dict[str, Any]]]:
    offset = None
    while True:
        rows, offset = points.page(
            shared(), collection, offset=offset, limit=500, with_vectors=True
        )
        yield rows
        if offset is None:
            return
