"""Carrying out the pending Qdrant steps of a document and reading them back."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from nsadmin.errors import NsadminError, Unavailable, UpstreamError
from nsadmin.namespaces.change.compare_and_set import (
    TooManyWriters,
    read_stored,
    write_document,
)
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.plan.readable import require_readable
from nsadmin.namespaces.plan.steps import Step, from_json
from nsadmin.namespaces.read import probe
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.stores import redis
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import Cluster

# Longest wait for a build during a request; the sweep waits for longer builds.
REQUEST_S = 5
# The lock outlives its process by this much, so that it ends after a crash.
_LOCK_MARGIN_S = 10


@dataclass(frozen=True, slots=True)
class Progress:
    """The document after the steps; `error` is why they stopped, empty if they did not.

    `observed` says that all are visible in Qdrant, `finished_ops` are the operations
    whose steps are.
    """

    raw: Raw
    observed: bool
    error: str = ""
    finished_ops: tuple[str, ...] = ()


def converge(raw: Raw, *, budget_s: float = REQUEST_S) -> Progress:
    """Carry out the pending steps, oldest first; never raises if Qdrant is silent.

    Only one process at a time carries out the steps of a namespace: others return at
    once.
    """
    namespace = document.read(raw)
    lock = f"converge:{namespace.namespace_id}"
    if not redis.claim(lock, milliseconds=int((budget_s + _LOCK_MARGIN_S) * 1000)):
        return Progress(
            raw, observed=False, error="Another process is carrying out the steps."
        )
    try:
        return _carry_out(namespace, deadline=time.monotonic() + budget_s)
    finally:
        redis.release(lock)


def _carry_out(namespace: Namespace, *, deadline: float) -> Progress:
    raw = namespace.raw
    finished: list[str] = []
    try:
        # Read again under the lock: another process may have finished steps meanwhile.
        raw = store.get(namespace.namespace_id) or raw
        stored = document.read(raw)
        require_readable(stored)
        cluster = cluster_of(stored)
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
            error = f"{error} Qdrant reported: {upstream}"
        return Progress(raw, observed=False, error=error, finished_ops=tuple(finished))
    return Progress(raw, observed=True, finished_ops=tuple(finished))


def carry_out(cluster: Cluster, name: str, step: Step, deadline: float) -> bool:
    """Carry out a step and read it back; False while Qdrant is still building.

    A step that is done already causes no write.
    """
    wait_s = max(0.5, deadline - time.monotonic())
    if _is_done(
        cluster, name, step, timeout_s=min(settings.NSADMIN_PLAN_TIMEOUT_S, wait_s)
    ):
        return True
    if not step.execute(_Writer(cluster, name, wait_s)):
        return False
    if not _is_done(cluster, name, step):
        raise Unavailable(
            "Qdrant reported the step as done, but does not show it yet.",
            details={"store": "qdrant"},
        )
    return True


def _is_done(
    cluster: Cluster, name: str, step: Step, *, timeout_s: float | None = None
) -> bool:
    timeout_s = settings.NSADMIN_PLAN_TIMEOUT_S if timeout_s is None else timeout_s
    actual = probe.actual_from_live(collections.get(cluster, name, timeout_s=timeout_s))
    if not actual.exists and not step.creates_collection:
        raise UpstreamError(
            "The collection of this namespace does not exist in Qdrant."
        )
    return step.is_done(actual)


@dataclass(frozen=True, slots=True)
class _Writer:
    """A CollectionWriter for one collection; waits `wait_s` seconds for a build."""

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
    """Record the remaining steps after an index was dropped to be built again.

    The new index may look exactly like the old one, so only this record shows that the
    old one was dropped. If it cannot be written, the index is dropped and built once
    more, which only costs time.
    """

    def change(stored: Namespace) -> Raw | None:
        before = stored.raw.get("pending") or []
        pending = [{**e, "steps": left} if e["op_id"] == op_id else e for e in before]
        return None if pending == before else {**stored.raw, "pending": pending}

    try:
        return _write(raw, change) or raw
    except TooManyWriters:
        return raw


def _record_observed(raw: Raw, revision: int) -> Raw:
    """Record that the steps of one revision are visible in Qdrant."""

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

    written = _write(raw, change)
    # A document that was deleted meanwhile has nothing left to wait for.
    return written if written is not None else change(document.read(raw))


def _write(raw: Raw, change: Callable[[Namespace], Raw | None]) -> Raw | None:
    """Change the record of pending steps; the revision stays the same.

    Returns None if nothing was written: the record was right, or the document is gone.
    """
    first = document.read(raw)
    return write_document(lambda: read_stored(first.namespace_id), change, first=first)
