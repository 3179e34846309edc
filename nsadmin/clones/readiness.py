"""What would be refused if the clone started now, and what stands in its way."""

from collections.abc import Callable
from typing import Final

from nsadmin.access.actor import Actor
from nsadmin.clones import preconditions
from nsadmin.clones.conditions import Condition, refused
from nsadmin.clones.review.forecast import Forecast
from nsadmin.clones.stages import KIND
from nsadmin.errors import NsadminError
from nsadmin.jobs.execution.ceiling import require_room
from nsadmin.jobs.models import LIVE, Job
from nsadmin.namespaces.change import quota
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.read.snapshots import Snapshot

_MORE_THAN_DISK: Final = "more than"


def readiness(
    actor: Actor, view: NamespaceView, snapshot: Snapshot | None, forecast: Forecast
) -> tuple[Condition, ...]:
    """Return what was looked at, in the order in which the start asks for it."""
    source = view.namespace
    return (
        _tried(
            "The source is complete",
            lambda: preconditions.require_ready(actor, source),
        ),
        _readable(snapshot),
        _tried(
            "The source has a collection",
            lambda: preconditions.require_collection(source),
        ),
        _others(actor, view),
        room(actor),
        _tried(
            "The queue of jobs has room",
            lambda: require_room(actor.organization_id),
        ),
        *_disk(forecast),
    )


def room(actor: Actor) -> Condition:
    """Tell how many namespaces the subscription still includes."""
    try:
        used, limit = quota.used_quota(actor.internal_id, actor.plan)
        quota.require_quota(actor.internal_id, actor.plan)
    except NsadminError as error:
        return refused("The subscription has room", error)
    if limit is None:
        return Condition(
            "ok",
            "The subscription has room",
            "The number of namespaces is not limited.",
        )
    left = limit - used
    return Condition(
        "ok",
        "The subscription has room",
        f"{used:,} of {limit:,} namespaces; {left - 1:,} left after the clone.",
    )


def _tried(title: str, check: Callable[[], object]) -> Condition:
    try:
        check()
    except NsadminError as error:
        return refused(title, error)
    return Condition("ok", title)


def _readable(snapshot: Snapshot | None) -> Condition:
    title = "Qdrant answers for the source"
    if snapshot is None or not snapshot.ok:
        return Condition(
            "unknown",
            title,
            "It does not answer now. A clone waits for it, up to ten minutes.",
        )
    if snapshot.live is not None and snapshot.live.status == "yellow":
        return Condition("ok", title, "It is optimizing; reading is not affected.")
    return Condition("ok", title)


def _others(actor: Actor, view: NamespaceView) -> Condition:
    """Tell of other clones of the source that the actor's organization makes."""
    own_id = view.namespace.namespace_id
    live = Job.objects.filter(
        kind=KIND,
        state__in=LIVE,
        source_namespace_id=own_id,
        organization_id=actor.organization_id,
    )
    other = live.only("title").first()
    if other is None:
        return Condition("ok", "No other clone of this namespace is running")
    return Condition(
        "warn",
        "Another clone of this namespace is running",
        f"{other.title}. Both read the source, so each takes longer.",
        str(other.job_id),
    )


def _disk(forecast: Forecast) -> list[Condition]:
    if forecast.choice is None:
        return []
    sentence = forecast.choice.disk
    if _MORE_THAN_DISK in sentence:
        return [Condition("warn", "The disk may be too small", sentence)]
    return [Condition("unknown", "Free disk space", sentence)]
