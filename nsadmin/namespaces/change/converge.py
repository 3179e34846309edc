"""Carrying out the Qdrant steps that a document records, each read back."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nsadmin.errors import NsadminError, Unavailable, UpstreamError
from nsadmin.namespaces.change.compare_and_set import TooManyWriters, write_document
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.plan.steps import Step, from_json
from nsadmin.namespaces.read import probe
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.stores import redis
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import Cluster

# A slow build gets this much of a request; the sweep waits for the rest.
REQUEST_S = 5
# The lock outlasts the work; after a crash the next one waits for its end.
_LOCK_MORE_S = 10
_GET_S = 5


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the recorded steps came; `error` is why they stopped, if they did."""

    raw: Raw
    observed: bool
    error: str = ""
    finished_ops: tuple[str, ...] = ()


def converge(raw: Raw, *, budget_s: float = REQUEST_S) -> Progress:
    """Carry out what is pending, oldest first; never raises for a silent Qdrant.

    One process at a time works on a namespace; the others leave it to that one.
    """
    namespace = document.read(raw)
    lock = f"converge:{namespace.namespace_id}"
    if not redis.claim(lock, milliseconds=int((budget_s + _LOCK_MORE_S) * 1000)):
        return Progress(raw, observed=False, error="Another process is at work on it.")
    try:
        return _carry_out(namespace, deadline=time.monotonic() + budget_s)
    finally:
        redis.release(lock)


def _carry_out(namespace: Namespace, *, deadline: float) -> Progress:
    raw = namespace.raw
    finished: list[str] = []
    try:
        # Read again under the lock: what is pending may have been done meanwhile.
        raw = store.get(namespace.namespace_id) or raw
        cluster = cluster_of(document.read(raw))
        for entry in list(raw.get("pending") or []):
            left = list(entry["steps"])
            while left:
                step = from_json(left.pop(0))
                if not carry_out(cluster, namespace.collection, step, deadline):
                    return Progress(raw, observed=False, finished_ops=tuple(finished))
                if step.must_be_recorded:
                    raw = _record_left(raw, entry["op_id"], [*left])
            finished.append(entry["op_id"])
            raw = _record_observed(raw, entry["revision"])
    except NsadminError as failure:
        error = failure.message
        upstream = failure.details.get("upstream")
        if upstream:
            error = f"{error} Qdrant says: {upstream}"
        return Progress(raw, observed=False, error=error, finished_ops=tuple(finished))
    return Progress(raw, observed=True, finished_ops=tuple(finished))


def carry_out(cluster: Cluster, name: str, step: Step, deadline: float) -> bool:
    """Do one step if it is not done, and read it back; False if it is still going on.

    Repeating a step that is done issues no write.
    """
    wait_s = max(0.5, deadline - time.monotonic())
    if _is_done(cluster, name, step, timeout_s=min(_GET_S, wait_s)):
        return True
    if not step.execute(_Writer(cluster, name, wait_s)):
        return False
    if not _is_done(cluster, name, step):
        raise Unavailable(
            "Qdrant said that the step is done, but does not show it yet.",
            details={"store": "qdrant"},
        )
    return True


def _is_done(
    cluster: Cluster, name: str, step: Step, *, timeout_s: float = _GET_S
) -> bool:
    actual = probe.actual_from_live(collections.get(cluster, name, timeout_s=timeout_s))
    if not actual.exists and not step.creates_collection:
        raise UpstreamError(
            "The collection of this namespace does not exist in Qdrant."
        )
    return step.is_done(actual)


@dataclass(frozen=True, slots=True)
class _Writer:
    """One live collection, as steps write to it; a build is waited for `wait_s`."""

    cluster: Cluster
    name: str
    wait_s: float

    def create(self, namespace_id: str, vectors: Mapping[str, list[Any]]) -> bool:
        collections.create(
            self.cluster,
            self.name,
            {name: (size, distance) for name, (size, distance) in vectors.items()},
            metadata={"namespace_id": namespace_id},
        )
        return True

    def create_vector(self, name: str, size: int, distance: str) -> bool:
        collections.create_vector(
            self.cluster,
            self.name,
            name,
            size=size,
            distance=distance,
            wait_s=self.wait_s,
        )
        return True

    def create_index(self, field: str, schema: Raw) -> bool:
        return collections.create_index(
            self.cluster, self.name, field, schema, wait_s=self.wait_s
        )

    def drop_index(self, field: str) -> bool:
        return collections.drop_index(
            self.cluster, self.name, field, wait_s=self.wait_s
        )


def _record_left(raw: Raw, op_id: str, left: list[Raw]) -> Raw:
    """Record the steps that are left once an index is dropped to be built again.

    Only the record tells the new index from the old one if both are the same. Where it
    cannot be written, the index is dropped and built once more: that costs time only.
    """

    def change(stored: Namespace) -> Raw | None:
        before = stored.raw.get("pending") or []
        pending = [{**e, "steps": left} if e["op_id"] == op_id else e for e in before]
        return None if pending == before else {**stored.raw, "pending": pending}

    try:
        return _write(raw, change)
    except TooManyWriters:
        return raw


def _record_observed(raw: Raw, revision: int) -> Raw:
    """Record that the steps of one revision are seen in Qdrant."""

    def change(stored: Namespace) -> Raw:
        pending = stored.raw.get("pending") or []
        left = [entry for entry in pending if entry["revision"] != revision]
        after = {**stored.raw, "pending": left}
        if not left:
            after.pop("pending")
        # Everything up to the oldest open entry is observed.
        after["observed_revision"] = (
            min(entry["revision"] for entry in left) - 1
            if left
            else int(stored.raw["revision"])
        )
        return after

    return _write(raw, change)


def _write(raw: Raw, change: Callable[[Namespace], Raw | None]) -> Raw:
    """Change the record of pending steps, which moves no revision."""

    def read() -> Namespace | None:
        stored = store.get(raw["_id"])
        return document.read(stored) if stored is not None else None

    return write_document(read, change, first=document.read(raw)) or raw
