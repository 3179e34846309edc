"""The checks before a change of placement, each with its result as a sentence.

They judge the answers of the clusters (`Reach`) and stored data; they ask no server.
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
    """The result of one check.

    `silent` says that it blocks because a store did not answer. `task_id` is the job
    that blocks. `is_empty` says that the collection has no points, so that it can be
    created on the other cluster; `moves_points` that a job has to move them, `is_back`
    that it goes to what an earlier move left behind. `code` is the error's, where it
    blocks.
    """

    name: Name
    state: State
    title: str
    sentence: str = ""
    silent: bool = False
    task_id: str = ""
    is_empty: bool = False
    moves_points: bool = False
    is_back: bool = False
    code: str = "preflight_blocked"


def subscription(namespace: Namespace) -> Check:
    if has_infrastructure(namespace):
        return Check("plan", "ok", title="Subscription is Enterprise")
    return Check("plan", "blocks", title="Subscription is not Enterprise")


def cluster(after: Namespace, there: Reach, *, tries_write: bool) -> list[Check]:
    """Judge the address, the server and the key, in the order they are reached."""
    if there.addresses or after.tier == "shared":
        count = len(there.addresses)
        message = "The address it resolves to was checked"
        if count > 1:
            message = f"All {count} addresses it resolves to were checked"
        if after.tier == "shared":
            message = "The platform's own cluster"
        address = Check("address", "ok", title="Address is allowed", sentence=message)
    elif isinstance(there.fault, Invalid):
        sentence = there.fault.message
        address = Check(
            "address",
            "blocks",
            title="Address is not allowed",
            sentence=sentence,
        )
        return [address, unchecked("qdrant", "Qdrant"), unchecked("key", "Key")]
    else:
        sentence = there.fault.message if there.fault else ""
        address = Check("address", "unknown", title="Address", sentence=sentence)
    return [address, _server(there), _key(there, tries_write=tries_write)]


def unchecked(name: Name, title: str) -> Check:
    return Check(
        name,
        "unknown",
        title=title,
        sentence="Not checked, because a check above failed.",
    )


def _server(there: Reach) -> Check:
    if there.version is None:
        message = (
            there.fault.message if there.fault else "The answer is not from Qdrant."
        )
        silent = there.fault is None or isinstance(there.fault, Unavailable)
        return Check(
            "qdrant",
            "blocks",
            title="Qdrant does not answer",
            sentence=message,
            silent=silent,
        )
    over = "over TLS" if there.is_tls else "without TLS"
    answer = f"{there.version} in {there.response_ms:,.0f} ms {over}"
    message = f"{answer}; {versions.MINIMUM_TEXT} is needed"
    if not versions.supports_new_vectors(there.version):
        return Check("qdrant", "blocks", title="Qdrant is too old", sentence=message)
    return Check("qdrant", "ok", title="Qdrant answers", sentence=message)


def _key(there: Reach, *, tries_write: bool) -> Check:
    if there.version is None:
        return unchecked("key", "Key")
    if there.may_read is False:
        message = "The cluster refuses this key. Enter one that can read and write."
        return Check("key", "blocks", title="Key is refused", sentence=message)
    if there.may_write is False:
        message = "The cluster lets this key read only. Enter one that can write."
        return Check("key", "blocks", title="Key can only read", sentence=message)
    if there.may_read and there.may_write:
        return Check("key", "ok", title="Key can read and write")
    message = (
        "It can read. Writing is tested when you check again or preview the plan."
        if there.may_read and not tries_write
        else "It can read. Writing cannot be tested without the collection."
        if there.may_read
        else "The cluster did not answer in time."
    )
    return Check("key", "unknown", title="Key can write", sentence=message)


def ray(after: Namespace) -> Check:
    stored = after.infrastructure.get("ray_head_node_url")
    if after.tier == "shared":
        return Check(
            "ray",
            "ok",
            title="No Ray head node is needed",
            sentence="Not used on the shared tier",
        )
    if not stored:
        return Check(
            "ray", "unknown", title="Ray head node", sentence="No address is stored."
        )
    return Check(
        "ray",
        "unknown",
        title="Ray head node",
        sentence="The address is well formed. It is never contacted from here, so it "
        "is not known whether it answers; jobs wait until it does.",
    )


def jobs(actor: Actor, now: Namespace) -> Check:
    """Judge running jobs, pending steps and failed clones of the namespace."""
    live = blockers.running_jobs(now.namespace_id)
    if live:
        return _busy([job for job in live if blockers.may_know(actor, now, job)])
    if now.raw.get("pending"):
        message = "Qdrant is still catching up with an earlier change."
        return Check(
            "jobs", "blocks", title="A change is not finished", sentence=message
        )
    # Only clones of the same organization: it cannot resume or discard others.
    failed_clone = MirroredNamespace.objects.filter(
        source_namespace_id=now.namespace_id,
        internal_id=now.internal_id,
        clone_status="failed",
        deleted_at=None,
    ).first()
    if failed_clone is not None:
        message = (
            f"{failed_clone.name} is a failed clone of this namespace. "
            "Resume or discard it first."
        )
        return Check(
            "jobs", "blocks", title="A failed clone is unresolved", sentence=message
        )
    return Check("jobs", "ok", title="No job or clone is running")


def _busy(known: list[Job]) -> Check:
    """Return the check for running jobs; `known` are those the actor may know of."""
    if not known:
        title = blockers.COPYING.removesuffix(".")
        return Check("jobs", "blocks", title=title, sentence="Wait until it ends.")
    count = "A job is" if len(known) == 1 else f"{len(known)} jobs are"
    return Check(
        "jobs",
        "blocks",
        title=f"{count} running",
        sentence=f"{known[0].title}. Wait until it ends or cancel it first.",
        task_id=str(known[0].job_id),
    )
