"""The fleet, for staff: clusters, trouble, held deletions, orphaned collections."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2s

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.access.web.sign_in import post_only
from nsadmin.errors import Conflict, NotFound, Unavailable
from nsadmin.health.fleet import (
    Attention,
    FailingItem,
    Fleet,
    Trouble,
    fleet,
    is_answering,
)
from nsadmin.health.models import ClusterLook
from nsadmin.jobs.schedules import beat
from nsadmin.namespaces.lifecycle import fuse, purging
from nsadmin.namespaces.lifecycle.fuse import HeldDeletions, Kind
from nsadmin.pages.common.badges import HEALTH, UNKNOWN, Badge
from nsadmin.pages.common.failing_items import can_finish, loop_effect, loop_title
from nsadmin.pages.common.htmx import page, unchanged, wants_fragment
from nsadmin.pages.templatetags.formatting import many

_BADGES: Mapping[Trouble, Badge] = {
    "error": HEALTH["error"],
    "unknown": UNKNOWN,
    "unreadable": Badge("bad", "file-earmark-x", "Unreadable"),
    "no collection": Badge("bad", "circle-x-fill", "No collection"),
    "drift": Badge("warn", "git-compare", "Drift"),
    "failed": HEALTH["failed"],
    "held": Badge("warn", "hourglass", "Held"),
}
# {kind of a fuse: (what is held in words, the schedule that goes on with it)}
_HELD: Mapping[Kind, tuple[str, str]] = {
    fuse.EXPIRY: ("Expiry", "cleanup_expired"),
    fuse.PURGE: ("Final deletion", "purge"),
}
_NAMED = 20
_EVERY_S = 15
_ANSWERING = Badge("ok", "circle-check-fill", "Answers")


@gate.page(Action.PLATFORM_READ)
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Show the stored state; neither the page nor its polls ask a server.

    A poll without changes returns 204, with the time of the check in an event.
    """
    found = fleet()
    seen = _digest(found)
    now = timezone.now()
    if wants_fragment(request) and request.GET.get("seen") == seen:
        return unchanged({"looked": {"at": f"{now:%H:%M:%S}", "iso": _iso(now)}})
    context = {
        "now": now,
        "every": _EVERY_S,
        "seen": seen,
        "paused": "pause" in request.GET,
        "clusters": [(cluster, *_cluster_state(cluster)) for cluster in found.clusters],
        "attention": [(row, _badge(row)) for row in found.attention],
        "more": found.more,
        "orphans": found.orphans,
        "failing": [_failing_row(item) for item in found.failing],
        "more_failing": found.more_failing,
        "held": [_held_row(held, now) for held in found.held],
        "may_release": gate.actor_of(request).may(Action.DELETION_RELEASE),
    }
    return page(request, "fleet.html", context, fragment="fleet")


@gate.page(Action.DELETION_RELEASE, step_up=True)
@post_only
def release(request: HttpRequest, kind: str) -> HttpResponse:
    """Release the deletions that a fuse holds and the page has shown."""
    known = next((name for name in _HELD if name == kind), None)
    if known is None:
        raise NotFound("There is no such hold.", details={"resource": "hold"})
    digest = request.POST.get("digest", "")
    try:
        count = fuse.release(gate.actor_of(request), known, digest)
    except Conflict as moved:
        messages.error(request, moved.message)
    else:
        words = many(count, "namespace")
        messages.success(request, f"{words} will be deleted by the next run.")
    return redirect("fleet")


@gate.page(Action.DELETION_RELEASE, step_up=True)
@post_only
def finish_deletion(request: HttpRequest) -> HttpResponse:
    """End a failed deletion without the collection that it cannot reach."""
    namespace_id = request.POST.get("namespace_id", "")
    try:
        job = purging.finish_without_collection(gate.actor_of(request), namespace_id)
    except (Conflict, Unavailable) as error:
        messages.error(request, error.message)
        return redirect("fleet")
    return redirect("job", job.job_id)


def _failing_row(item: FailingItem) -> dict[str, object]:
    """Return a failing item for the template, with its loop in words."""
    return {
        "row": item.row,
        "namespace": item.namespace,
        "title": loop_title(item.row.loop),
        "effect": loop_effect(item.row.loop),
        "can_finish": can_finish(item.row),
    }


def _held_row(held: HeldDeletions, now: datetime) -> dict[str, object]:
    title, schedule = _HELD[held.kind]
    return {
        "deletions": held,
        "title": title,
        "named": held.rows[:_NAMED],
        "more": max(0, len(held.rows) - _NAMED),
        "next_run": beat.next_run(schedule, now),
    }


def _digest(found: Fleet) -> str:
    """Return a digest of what is shown, without times and speeds of probes."""
    shown = (
        [
            (c.label, c.version, c.namespaces, c.memory_bytes, *_cluster_state(c))
            for c in found.clusters
        ],
        [(a.row.pk, a.row.name, a.trouble, a.sentence) for a in found.attention],
        found.more,
        [(row.pk, row.sentence) for row in found.orphans],
        [(item.row.pk, item.row.message) for item in found.failing],
        found.more_failing,
        [
            (held.kind, held.sentence, held.digest, held.released_at)
            for held in found.held
        ],
    )
    return blake2s(repr(shown).encode(), digest_size=6).hexdigest()


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _cluster_state(cluster: ClusterLook) -> tuple[Badge, object]:
    """Return the badge of a cluster, and since when its state is unknown."""
    if is_answering(cluster):
        return _ANSWERING, None
    return UNKNOWN, cluster.unknown_since or cluster.taken_at


def _badge(row: Attention) -> Badge:
    return _BADGES[row.trouble]
