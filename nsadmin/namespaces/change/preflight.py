"""The checks before a namespace runs on another cluster.

Nothing is written and nothing is moved. Both clusters are asked at the same time, for
at most two seconds; a cluster that has not answered by then counts as silent.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late

from nsadmin.access.actor import Actor
from nsadmin.errors import Conflict, Invalid, NsadminError, Unavailable
from nsadmin.namespaces.change import preflight_checks
from nsadmin.namespaces.change.preflight_checks import Check
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.plan.steps import INFRASTRUCTURE
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.infrastructure import KEY_FIELD
from nsadmin.stores.qdrant import connectivity
from nsadmin.stores.qdrant.connectivity import Reach

WITHIN_S = 2.0


def run(
    actor: Actor, now: Namespace, after: Namespace, *, tries_write: bool = True
) -> tuple[Check, ...]:
    """Check everything that a change of placement from `now` to `after` depends on.

    Jobs of other organizations are not named. Without `tries_write` the key is only
    tried by reading.
    """
    there, here = _reach_both(now, after, tries_write=tries_write)
    return (
        preflight_checks.subscription(after),
        *preflight_checks.cluster(after, there, tries_write=tries_write),
        preflight_checks.vectors(after, here, there),
        preflight_checks.ray(after),
        preflight_checks.jobs(actor, now),
    )


def run_new(new: Namespace) -> tuple[Check, ...]:
    """Check the dedicated cluster of a namespace that is to be created."""
    pool = ThreadPoolExecutor(max_workers=1)
    try:
        there = _in_time(pool.submit(_reach, new, tries_write=True))
    finally:
        pool.shutdown(wait=False)
    return tuple(preflight_checks.cluster(new, there, tries_write=True))


def require(checks: tuple[Check, ...]) -> None:
    """Raise Invalid, Conflict or Unavailable if a check blocks."""
    blocking = [check for check in checks if check.state == "blocks"]
    if not blocking:
        return
    first = blocking[0]
    message = " ".join(f"{c.title}. {c.sentence}".strip() for c in blocking)
    fields = {"address": "qdrant_url", "key": KEY_FIELD}
    if first.silent:
        raise Unavailable(
            f"{message} Nothing was written.", details={"store": "qdrant"}
        )
    if first.name in fields:
        at = INFRASTRUCTURE + fields[first.name]
        code = f"{first.name}_refused"
        raise Invalid.at(at, first.sentence, code=code)
    code = "vectors_left_behind" if first.name == "vectors" else "preflight_blocked"
    tasks = {"task_id": first.task_id} if first.task_id else {}
    raise Conflict(message, code=code, details=tasks)


def _reach_both(
    now: Namespace, after: Namespace, *, tries_write: bool
) -> tuple[Reach, Reach]:
    """Ask the new cluster and the present one, which may be the same; in that order."""
    pool = ThreadPoolExecutor(max_workers=2)
    try:
        there = pool.submit(_reach, after, tries_write=tries_write)
        is_same = _place(now) == _place(after)
        here = there if is_same else pool.submit(_reach, now, tries_write=False)
        return _in_time(there), _in_time(here)
    finally:
        # Resolving a host name may block its thread for longer than this waits.
        pool.shutdown(wait=False)


def _place(namespace: Namespace) -> str:
    if namespace.tier == "shared":
        return "shared"
    return str(namespace.infrastructure.get("qdrant_url") or "")


def _reach(namespace: Namespace, *, tries_write: bool) -> Reach:
    try:
        cluster = cluster_of(namespace)
    except NsadminError as error:
        return Reach(fault=error)
    return connectivity.reach(
        cluster, namespace.collection, within_s=WITHIN_S, tries_write=tries_write
    )


def _in_time(future: "Future[Reach]") -> Reach:
    try:
        return future.result(timeout=WITHIN_S)
    except Late:
        return Reach(fault=Unavailable("Qdrant does not answer."))
