"""The checks before a namespace runs on another cluster.

Nothing is written and nothing is moved. Both clusters are asked at the same time, for
as long as a page or a plan waits; a cluster that has not answered by then counts as
silent.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from django.conf import settings

from nsadmin.access.actor import Actor
from nsadmin.errors import Conflict, Invalid, NsadminError, Unavailable
from nsadmin.namespaces.change import preflight_checks
from nsadmin.namespaces.change.preflight_checks import Check
from nsadmin.namespaces.change.vectors_check import vectors
from nsadmin.namespaces.placement.clusters import cluster_of, left_at
from nsadmin.namespaces.placement.sharers import sharers
from nsadmin.namespaces.plan.steps import INFRASTRUCTURE
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.infrastructure import KEY_FIELD
from nsadmin.namespaces.schema.moving import place_of
from nsadmin.stores.qdrant import connectivity
from nsadmin.stores.qdrant.connectivity import Reach


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
        vectors(
            after,
            here,
            there,
            left=left_at(now, after),
            is_shared=bool(sharers(now)),
        ),
        preflight_checks.ray(after),
        preflight_checks.jobs(actor, now),
    )


def run_new(new: Namespace) -> tuple[Check, ...]:
    """Check the dedicated cluster of a namespace that is to be created."""
    there = _test(new, settings.NSADMIN_PLAN_TIMEOUT_S, tries_write=True)()
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
    tasks = {"task_id": first.task_id} if first.task_id else {}
    raise Conflict(message, code=first.code, details=tasks)


def _reach_both(
    now: Namespace, after: Namespace, *, tries_write: bool
) -> tuple[Reach, Reach]:
    """Ask the new cluster and the present one, which may be the same; in that order."""
    within_s = (
        settings.NSADMIN_PLAN_TIMEOUT_S
        if tries_write
        else settings.NSADMIN_PAGE_TIMEOUT_S
    )
    # The threads make no query; every call has a deadline, so both end in time.
    first = _test(after, within_s, tries_write=tries_write)
    if place_of(now) == place_of(after):
        reached = first()
        return reached, reached
    second = _test(now, within_s, tries_write=False)
    with ThreadPoolExecutor(max_workers=2) as pool:
        there, here = pool.submit(first), pool.submit(second)
        return there.result(), here.result()


def _test(
    namespace: Namespace, within_s: float, *, tries_write: bool
) -> Callable[[], Reach]:
    """Return the test of a namespace's cluster, which then needs no database."""
    try:
        cluster = cluster_of(namespace)
    except NsadminError as error:
        return partial(Reach, fault=error)
    return partial(
        connectivity.reach,
        cluster,
        namespace.collection,
        within_s=within_s,
        tries_write=tries_write,
    )
