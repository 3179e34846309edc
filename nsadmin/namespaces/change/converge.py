"""Carrying out a document's recorded Qdrant steps, each read back, then observed."""

import time
from dataclasses import dataclass

from nsadmin.errors import NsadminError, Unavailable, UpstreamError
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.plan import steps
from nsadmin.namespaces.plan.steps import (
    AddVector,
    CreateCollection,
    CreateIndex,
    DropIndex,
    Step,
)
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.stores import redis
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import Cluster
from nsadmin.stores.qdrant.collections import LiveCollection

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
            todo = list(entry["steps"])
            while todo:
                step = steps.from_json(todo.pop(0))
                if not carry_out(cluster, namespace.collection, step, deadline):
                    return Progress(raw, observed=False, finished_ops=tuple(finished))
                if isinstance(step, DropIndex) and step.rebuilt:
                    raw = _noted(raw, entry["op_id"], todo)
            finished.append(entry["op_id"])
            raw = _observed(raw, entry["revision"])
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
    live = collections.get(cluster, name, timeout_s=min(_GET_S, wait_s))
    if is_done(live, step):
        return True
    completed = True
    if isinstance(step, CreateCollection):
        vectors = {key: (size, kind) for key, (size, kind) in step.vectors.items()}
        metadata = {"namespace_id": step.namespace_id}
        collections.create(cluster, name, vectors, metadata=metadata)
    elif isinstance(step, AddVector):
        collections.create_vector(
            cluster,
            name,
            step.name,
            size=step.size,
            distance=step.distance,
            wait_s=wait_s,
        )
    elif isinstance(step, CreateIndex):
        completed = collections.create_index(
            cluster, name, step.field, step.schema, wait_s=wait_s
        )
    elif isinstance(step, DropIndex):
        completed = collections.drop_index(cluster, name, step.field, wait_s=wait_s)
    if not completed:
        return False
    if not is_done(collections.get(cluster, name), step):
        raise Unavailable(
            "Qdrant said that the step is done, but does not show it yet.",
            details={"store": "qdrant"},
        )
    return True


def is_done(live: LiveCollection | None, step: Step) -> bool:
    """Tell whether Qdrant shows the step's effect."""
    if isinstance(step, CreateCollection):
        return live is not None and _is_made_for(live, step.namespace_id)
    if live is None:
        raise UpstreamError(
            "The collection of this namespace does not exist in Qdrant."
        )
    if isinstance(step, AddVector):
        vector = live.vectors.get(step.name)
        if vector is not None and (vector.size, vector.distance) != (
            step.size,
            step.distance,
        ):
            raise UpstreamError(
                f"{step.name} exists in Qdrant with {vector.size:,} dimensions, "
                f"{vector.distance}."
            )
        return vector is not None
    if isinstance(step, CreateIndex):
        index = live.indexes.get(step.field)
        return index is not None and same_index(step.schema, index.type, index.params)
    if isinstance(step, DropIndex):
        # What took its place already is not the one to drop.
        index = live.indexes.get(step.field)
        return index is None or (
            step.rebuilt and not same_index(step.schema, index.type, index.params)
        )
    return True


def _is_made_for(live: LiveCollection, namespace_id: str) -> bool:
    if (live.raw.get("metadata") or {}).get("namespace_id") != namespace_id:
        raise UpstreamError(
            "A collection of that name exists, and is not this namespace's."
        )
    return True


def same_index(wanted: Raw, kind: str, params: Raw) -> bool:
    """Tell whether Qdrant's index is the wanted one; it may leave defaults unsaid."""
    if wanted.get("type") != kind:
        return False
    unsaid = {"is_tenant": False, "lookup": True, "range": True, "tokenizer": "word"}
    return all(
        params.get(key, unsaid.get(key, value)) == value
        for key, value in wanted.items()
        if key != "type"
    )


def _noted(raw: Raw, op_id: str, todo: list[Raw]) -> Raw:
    """Record what is left once an index is dropped to be built again.

    Only the record tells the new index from the old one if both are the same. Where the
    document moved it is read again; where that does not help nothing is lost but time.
    """
    for _ in range(10):
        before = raw.get("pending") or []
        left = [*todo]
        pending = [{**e, "steps": left} if e["op_id"] == op_id else e for e in before]
        after = {**raw, "pending": pending}
        if pending == before or store.replace(raw, after):
            return after if before else raw
        raw = store.get(raw["_id"]) or raw
    return raw


def _observed(raw: Raw, revision: int) -> Raw:
    """Record that the steps of one revision are seen in Qdrant; retried if it moved."""
    for _ in range(10):
        left = [e for e in raw.get("pending") or [] if e["revision"] != revision]
        after = {**raw, "pending": left}
        if not left:
            after.pop("pending")
        # Everything up to the oldest open entry is observed.
        after["observed_revision"] = (
            min(e["revision"] for e in left) - 1 if left else int(raw["revision"])
        )
        if store.replace(raw, after):
            return after
        fresh = store.get(raw["_id"])
        if fresh is None:
            return after
        raw = fresh
    raise Unavailable("The namespace changes too fast to record what was observed.")
