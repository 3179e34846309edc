"""What the checks before a change of placement find, each in a sentence.

They judge what the clusters answered (`Reach`) and what is stored; they ask no server.
"""

from dataclasses import dataclass
from typing import Literal

from nsadmin.access.actor import Actor
from nsadmin.errors import Invalid, Unavailable
from nsadmin.jobs.models import Job
from nsadmin.namespaces.change import blockers
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.placement.entitlement import has_infrastructure
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.qdrant import versions
from nsadmin.stores.qdrant.connectivity import Reach

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


def subscription(namespace: Namespace) -> Check:
    if has_infrastructure(namespace):
        return Check("plan", "ok", title="Plan is Enterprise")
    return Check("plan", "blocks", title="The plan is not Enterprise")


def cluster(after: Namespace, there: Reach, *, tries_write: bool) -> list[Check]:
    """Judge the address, the server and the key, in the order they are reached."""
    if there.addresses or after.tier == "shared":
        count = len(there.addresses)
        said = "The address it resolves to was checked"
        if count > 1:
            said = f"All {count} addresses it resolves to were checked"
        if after.tier == "shared":
            said = "The platform's own cluster"
        address = Check("address", "ok", title="Address is allowed", sentence=said)
    elif isinstance(there.fault, Invalid):
        sentence = there.fault.message
        address = Check(
            "address",
            "blocks",
            title="The address may not be dialled",
            sentence=sentence,
        )
        return [address, _unasked("qdrant", "Qdrant"), _unasked("key", "Key")]
    else:
        sentence = there.fault.message if there.fault else ""
        address = Check("address", "unknown", title="Address", sentence=sentence)
    return [address, _server(there), _key(there, tries_write=tries_write)]


def _unasked(name: Name, title: str) -> Check:
    return Check(
        name, "unknown", title=title, sentence="Not asked, because of what is above."
    )


def _server(there: Reach) -> Check:
    if there.version is None:
        said = there.fault.message if there.fault else "It sends something else."
        silent = there.fault is None or isinstance(there.fault, Unavailable)
        return Check(
            "qdrant",
            "blocks",
            title="Qdrant does not answer",
            sentence=said,
            silent=silent,
        )
    over = "over TLS" if there.is_tls else "without TLS"
    answer = f"{there.version} in {there.response_ms:,.0f} ms {over}"
    said = f"{answer}; {versions.MINIMUM_TEXT} is needed"
    if not versions.supports_new_vectors(there.version):
        return Check("qdrant", "blocks", title="Qdrant is too old", sentence=said)
    return Check("qdrant", "ok", title="Qdrant answers", sentence=said)


def _key(there: Reach, *, tries_write: bool) -> Check:
    if there.version is None:
        return _unasked("key", "Key")
    if there.may_read is False:
        said = "The cluster refuses this key. Give one that may read and write."
        return Check("key", "blocks", title="Key is refused", sentence=said)
    if there.may_write is False:
        said = "The cluster lets this key read only. Give one that may write."
        return Check("key", "blocks", title="Key may only read", sentence=said)
    if there.may_read and there.may_write:
        return Check("key", "ok", title="Key may read and write")
    said = (
        "It may read. Writing is tried when you check again or preview the plan."
        if there.may_read and not tries_write
        else "It may read. Without the collection there is nothing to try writing on."
        if there.may_read
        else "The cluster did not say in time."
    )
    return Check("key", "unknown", title="Key may write", sentence=said)


def vectors(after: Namespace, here: Reach, there: Reach) -> Check:
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
        return Check("vectors", "blocks", title=title, sentence=said)
    if there.points != count:
        said = f"{count:,} points here, {there.points:,} there. {_way_out(after.tier)}"
        return Check(
            "vectors", "blocks", title="Vectors would be left behind", sentence=said
        )
    if here is there:
        return Check(
            "vectors",
            "ok",
            title="Vectors stay where they are",
            sentence=f"{count:,} points",
        )
    said = f"{count:,} points; no move is needed"
    return Check("vectors", "ok", title="Vectors are already there", sentence=said)


def _nothing_to_leave(name: str, there: Reach) -> Check:
    said = (
        f"{name} has no points; it is made on that cluster with its vectors and indexes"
        if there.points is None
        else f"{name} has no points on either cluster"
    )
    return Check(
        "vectors",
        "ok",
        title="No vectors to leave behind",
        sentence=said,
        is_empty=True,
    )


def _uncounted(reach: Reach, which: str) -> Check:
    """Say why a cluster's points are not known: it refused the key, or was silent."""
    is_refused = reach.may_read is False
    said = f"The {which} cluster did not count its points in time."
    if is_refused:
        said = f"The {which} cluster refused the key, so its points were not counted."
    return Check(
        "vectors",
        "blocks",
        title="Vectors are not counted",
        sentence=said,
        silent=not is_refused,
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


def ray(after: Namespace) -> Check:
    stored = after.infrastructure.get("ray_head_node_url")
    if after.tier == "shared":
        return Check(
            "ray",
            "ok",
            title="No Ray head node is needed",
            sentence="Not used on shared",
        )
    if not stored:
        return Check(
            "ray", "unknown", title="Ray head node", sentence="None is stored."
        )
    return Check(
        "ray",
        "unknown",
        title="Ray head node",
        sentence="Its form is right. It is never dialled from here, so it is not known "
        "whether it answers; jobs wait until it does.",
    )


def jobs(actor: Actor, now: Namespace) -> Check:
    """Judge what is at work on the namespace, and clones that nobody has decided on."""
    live = blockers.running_jobs(now.namespace_id)
    if live:
        return _busy([job for job in live if blockers.may_know(actor, now, job)])
    if now.raw.get("pending"):
        said = "Qdrant is still catching up with an earlier change."
        return Check("jobs", "blocks", title="A change is not finished", sentence=said)
    # A failed clone of another organization is nothing that this one could decide on.
    undecided = MirroredNamespace.objects.filter(
        source_namespace_id=now.namespace_id,
        internal_id=now.internal_id,
        clone_status="failed",
        deleted_at=None,
    ).first()
    if undecided is not None:
        said = f"{undecided.name} reads from here. Resume or discard it first."
        return Check("jobs", "blocks", title="A clone is undecided", sentence=said)
    return Check("jobs", "ok", title="No job and no clone is at work")


def _busy(known: list[Job]) -> Check:
    """Name the jobs that the actor may know of, or say only that there is one."""
    if not known:
        title = blockers.COPYING.removesuffix(".")
        return Check("jobs", "blocks", title=title, sentence="Wait for its end.")
    count = "A job is" if len(known) == 1 else f"{len(known)} jobs are"
    return Check(
        "jobs",
        "blocks",
        title=f"{count} at work on it",
        sentence=f"{known[0].title}. Wait for its end or cancel it first.",
        task_id=str(known[0].job_id),
    )
