"""What has to be true before a namespace runs elsewhere, each in a sentence.

Nothing is written and nothing is moved. Both clusters are asked at the same time, for
two seconds in all; who has not answered by then counts as silent.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass
from typing import Literal

from nsadmin.access.actor import Actor
from nsadmin.errors import Conflict, Invalid, NsadminError, Unavailable
from nsadmin.jobs.models import Job
from nsadmin.namespaces.change import blockers
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.placement.entitlement import has_infrastructure
from nsadmin.namespaces.plan.steps import INFRASTRUCTURE
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.infrastructure import KEY_FIELD
from nsadmin.stores.qdrant import connectivity
from nsadmin.stores.qdrant.connectivity import Reach

WITHIN_S = 2.0
OLDEST = (1, 18)

State = Literal["ok", "unknown", "blocks"]
Name = Literal["plan", "address", "qdrant", "key", "vectors", "ray", "jobs"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    `silent` says that it blocks because a store did not answer. `task_id` is the job
    that stands against it. `is_empty` says that the collection has no points, so that
    it can be made on the other cluster.
    """

    name: Name
    state: State
    title: str
    sentence: str = ""
    silent: bool = False
    task_id: str = ""
    is_empty: bool = False


def run(
    actor: Actor, now: Namespace, after: Namespace, *, tries_write: bool = True
) -> tuple[Check, ...]:
    """Look at everything that a change from `now` to `after` depends on.

    `after` is the document as it would be; jobs of organizations that the actor does
    not know stay unnamed. Without `tries_write` the key is only tried
    by reading.
    """
    there, here = _reached(now, after, tries_write=tries_write)
    return (
        _plan(after),
        *_cluster(after, there, tries_write=tries_write),
        _vectors(after, here, there),
        _ray(after),
        _jobs(actor, now),
    )


def run_new(wanted: Namespace) -> tuple[Check, ...]:
    """Look at the cluster of one's own on which a new namespace would run."""
    pool = ThreadPoolExecutor(max_workers=1)
    try:
        there = _in_time(pool.submit(_reach, wanted, tries_write=True))
    finally:
        pool.shutdown(wait=False)
    return tuple(_cluster(wanted, there, tries_write=True))


def require(checks: tuple[Check, ...]) -> None:
    """Raise unless nothing blocks: Invalid at a field, Conflict, Unavailable."""
    blocking = [check for check in checks if check.state == "blocks"]
    if not blocking:
        return
    first = blocking[0]
    sentence = " ".join(f"{c.title}. {c.sentence}".strip() for c in blocking)
    fields = {"address": "qdrant_url", "key": KEY_FIELD}
    if first.silent:
        raise Unavailable(
            f"{sentence} Nothing was written.", details={"store": "qdrant"}
        )
    if first.name in fields:
        at = INFRASTRUCTURE + fields[first.name]
        code = f"{first.name}_refused"
        raise Invalid.at(at, first.sentence, code=code)
    code = "vectors_left_behind" if first.name == "vectors" else "preflight_blocked"
    tasks = {"task_id": first.task_id} if first.task_id else {}
    raise Conflict(sentence, code=code, details=tasks)


# Asking ------------------------------------------------------------------------------


def _reached(
    now: Namespace, after: Namespace, *, tries_write: bool
) -> tuple[Reach, Reach]:
    """Ask the wanted cluster and the present one, which may be the same."""
    pool = ThreadPoolExecutor(max_workers=2)
    try:
        there = pool.submit(_reach, after, tries_write=tries_write)
        same = _place(now) == _place(after)
        here = there if same else pool.submit(_reach, now, tries_write=False)
        return _in_time(there), _in_time(here)
    finally:
        # A name that does not resolve may hold its thread longer than we wait.
        pool.shutdown(wait=False)


def _place(namespace: Namespace) -> str:
    if namespace.tier == "shared":
        return "shared"
    return str(namespace.infrastructure.get("qdrant_url") or "")


def _reach(namespace: Namespace, *, tries_write: bool) -> Reach:
    try:
        cluster = cluster_of(namespace)
    except NsadminError as fault:
        return Reach(fault=fault)
    return connectivity.reach(
        cluster, namespace.collection, within_s=WITHIN_S, tries_write=tries_write
    )


def _in_time(future: "Future[Reach]") -> Reach:
    try:
        return future.result(timeout=WITHIN_S)
    except Late:
        return Reach(fault=Unavailable("Qdrant does not answer."))


# Judging -----------------------------------------------------------------------------


def _plan(namespace: Namespace) -> Check:
    if has_infrastructure(namespace):
        return Check("plan", "ok", "Plan is Enterprise")
    return Check("plan", "blocks", "The plan is not Enterprise")


def _cluster(after: Namespace, there: Reach, *, tries_write: bool) -> list[Check]:
    """Judge the address, the server and the key, in the order they are reached."""
    if there.addresses or after.tier == "shared":
        count = len(there.addresses)
        said = "The address it resolves to was checked"
        if count > 1:
            said = f"All {count} addresses it resolves to were checked"
        if after.tier == "shared":
            said = "The platform's own cluster"
        address = Check("address", "ok", "Address is allowed", said)
    elif isinstance(there.fault, Invalid):
        sentence = there.fault.message
        address = Check("address", "blocks", "The address may not be dialled", sentence)
        return [address, _unasked("qdrant", "Qdrant"), _unasked("key", "Key")]
    else:
        sentence = there.fault.message if there.fault else ""
        address = Check("address", "unknown", "Address", sentence)
    return [address, _server(there), _key(there, tries_write=tries_write)]


def _unasked(name: Name, title: str) -> Check:
    return Check(name, "unknown", title, "Not asked, because of what is above.")


def _server(there: Reach) -> Check:
    if there.version is None:
        said = there.fault.message if there.fault else "It sends something else."
        silent = there.fault is None or isinstance(there.fault, Unavailable)
        return Check("qdrant", "blocks", "Qdrant does not answer", said, silent=silent)
    numbers = [int(part) for part in there.version.split(".")[:2] if part.isdigit()]
    over = "over TLS" if there.is_tls else "without TLS"
    said = f"{there.version} in {there.response_ms:,.0f} ms {over}; 1.18 is needed"
    if tuple(numbers) < OLDEST:
        return Check("qdrant", "blocks", "Qdrant is too old", said)
    return Check("qdrant", "ok", "Qdrant answers", said)


def _key(there: Reach, *, tries_write: bool) -> Check:
    if there.version is None:
        return _unasked("key", "Key")
    if there.may_read is False:
        said = "The cluster refuses this key. Give one that may read and write."
        return Check("key", "blocks", "Key is refused", said)
    if there.may_write is False:
        said = "The cluster lets this key read only. Give one that may write."
        return Check("key", "blocks", "Key may only read", said)
    if there.may_read and there.may_write:
        return Check("key", "ok", "Key may read and write")
    said = (
        "It may read. Writing is tried when you check again or preview the plan."
        if there.may_read and not tries_write
        else "It may read. Without the collection there is nothing to try writing on."
        if there.may_read
        else "The cluster did not say in time."
    )
    return Check("key", "unknown", "Key may write", said)


def _vectors(after: Namespace, here: Reach, there: Reach) -> Check:
    """Judge whether anything would be left behind; a change of tier moves nothing."""
    if there.version is None:
        return _unasked("vectors", "Vectors")
    if there.points is None and there.has_collection is None:
        return _uncounted(there, "new")
    if here.points is None and here.has_collection is not False:
        return _uncounted(here, "present")
    name, count = after.collection, here.points or 0
    if here is not there and here.points == 0 and not there.points:
        return _nothing_to_leave(name, there)
    if there.points is None:
        said = f"There is no collection {name} on that cluster. {_way_out(after.tier)}"
        title = f"{count:,} points would be left behind" if count else "No collection"
        return Check("vectors", "blocks", title, said)
    if there.points != count:
        said = f"{count:,} points here, {there.points:,} there. {_way_out(after.tier)}"
        return Check("vectors", "blocks", "Vectors would be left behind", said)
    if here is there:
        return Check(
            "vectors", "ok", "Vectors stay where they are", f"{count:,} points"
        )
    said = f"{count:,} points; no move is needed"
    return Check("vectors", "ok", "Vectors are already there", said)


def _nothing_to_leave(name: str, there: Reach) -> Check:
    said = (
        f"{name} has no points; it is made on that cluster with its vectors and indexes"
        if there.points is None
        else f"{name} has no points on either cluster"
    )
    return Check("vectors", "ok", "No vectors to leave behind", said, is_empty=True)


def _uncounted(reach: Reach, which: str) -> Check:
    """Say why a cluster's points are not known: it refused the key, or was silent."""
    is_refused = reach.may_read is False
    said = f"The {which} cluster did not count its points in time."
    if is_refused:
        said = f"The {which} cluster refused the key, so its points were not counted."
    return Check(
        "vectors", "blocks", "Vectors are not counted", said, silent=not is_refused
    )


def _way_out(tier: str) -> str:
    """Say how the vectors get there; clones are always made on the shared cluster."""
    snapshot = (
        "restore a Qdrant snapshot of the collection there, under the same name, and "
        "change the tier then"
    )
    if tier == "shared":
        return (
            "A change of tier moves nothing. Clone the namespace: the clone is another "
            f"one on the shared cluster, with all points. Or {snapshot}."
        )
    return (
        "A change of tier moves nothing, and clones are made on the shared cluster: "
        f"{snapshot}. Or make a new namespace on that tier through the API, and fill "
        "it anew."
    )


def _ray(after: Namespace) -> Check:
    stored = after.infrastructure.get("ray_head_node_url")
    if after.tier == "shared":
        return Check("ray", "ok", "No Ray head node is needed", "Not used on shared")
    if not stored:
        return Check("ray", "unknown", "Ray head node", "None is stored.")
    return Check(
        "ray",
        "unknown",
        "Ray head node",
        "Its form is right. It is never dialled from here, so whether it answers is "
        "not known; jobs wait until it does.",
    )


def _jobs(actor: Actor, now: Namespace) -> Check:
    """Judge what is at work on the namespace, and clones that nobody has decided on."""
    live = blockers.running_jobs(now.namespace_id)
    if live:
        return _busy([job for job in live if blockers.may_know(actor, now, job)])
    if now.raw.get("pending"):
        said = "Qdrant is still catching up with an earlier change."
        return Check("jobs", "blocks", "A change is not finished", said)
    # A failed clone of another organization is nothing that this one could decide on.
    undecided = MirroredNamespace.objects.filter(
        source_namespace_id=now.namespace_id,
        internal_id=now.internal_id,
        clone_status="failed",
        deleted_at=None,
    ).first()
    if undecided is not None:
        said = f"{undecided.name} reads from here. Resume or discard it first."
        return Check("jobs", "blocks", "A clone is undecided", said)
    return Check("jobs", "ok", "No job and no clone is at work")


def _busy(known: list[Job]) -> Check:
    """Name the jobs that the actor may know of, or say only that there is one."""
    if not known:
        title = blockers.COPYING.removesuffix(".")
        return Check("jobs", "blocks", title, "Wait for its end.")
    count = "A job is" if len(known) == 1 else f"{len(known)} jobs are"
    return Check(
        "jobs",
        "blocks",
        f"{count} at work on it",
        f"{known[0].title}. Wait for its end or cancel it first.",
        task_id=str(known[0].job_id),
    )
