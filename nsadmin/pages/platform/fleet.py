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
from nsadmin.errors import Conflict, NotFound
from nsadmin.health import troubles
from nsadmin.health.fleet import (
    Attention,
    Fleet,
    Held,
    fleet,
    is_answering,
)
from nsadmin.health.models import ClusterLook
from nsadmin.health.troubles import Trouble
from nsadmin.jobs.schedules import beat
from nsadmin.namespaces.lifecycle import fuse
from nsadmin.namespaces.lifecycle.fuse import Kind
from nsadmin.pages.common.badges import (
    CLONE_CANCELLED,
    CLONE_ENDED,
    HEALTH,
    UNKNOWN,
    Badge,
)
from nsadmin.pages.common.htmx import page, unchanged, wants_fragment
from nsadmin.pages.templatetags.formatting import many

_BADGES: Mapping[Trouble, Badge] = {
    "error": HEALTH["error"],
    "unknown": UNKNOWN,
    "unreadable": Badge("bad", "alert-triangle", "Unreadable"),
    "no collection": Badge("bad", "circle-x-fill", "No collection"),
    "drift": Badge("warn", "git-compare", "Drift"),
    "failed": HEALTH["failed"],
    "held": Badge("warn", "hourglass", "Held"),
}
# Counts of both kinds of ended clones have another word than their rows.
_COUNTED: Mapping[Trouble, Badge] = {**_BADGES, "failed": CLONE_ENDED}
# {kind of a fuse: (what is held in words, the schedule that goes on with it)}
_HELD: Mapping[Kind, tuple[str, str]] = {
    fuse.EXPIRY: ("Expiry", "cleanup_expired"),
    fuse.PURGE: ("Final deletion", "purge"),
}
_EVERY_S = 15
_ANSWERING = Badge("ok", "circle-check-fill", "Answers")


@gate.page(Action.PLATFORM_READ)
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Show the stored state; neither the page nor its polls ask a server.

    A poll without changes returns 204, with the time of the check in an event.
    """
    found = fleet(gate.actor_of(request))
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
        "promises": found.promises,
        "attention": [(row, _badge(row)) for row in found.attention],
        "found": found,
        "counts": [(_COUNTED[c.trouble], c) for c in found.counts],
        "failing": found.failing,
        "held": [_held_row(held, now) for held in found.held],
        "may_release": gate.actor_of(request).may(Action.DELETION_RELEASE),
    }
    return page(request, "platform/fleet.html", context, fragment="fleet")


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


def _held_row(held: Held, now: datetime) -> dict[str, object]:
    title, schedule = _HELD[held.deletions.kind]
    return {
        "deletions": held.deletions,
        "title": title,
        "named": held.named,
        "more": held.more,
        "next_run": beat.next_run(schedule, now),
    }


def _digest(found: Fleet) -> str:
    """Return a digest of what is shown, without times and speeds of probes."""
    shown = (
        [
            (c.label, c.version, c.namespaces, c.memory_bytes, *_cluster_state(c))
            for c in found.clusters
        ],
        [(p.label, p.promised_s, p.why_not, p.by_counts) for p in found.promises],
        [(a.subject, a.trouble, a.sentence) for a in found.attention],
        (found.counts, found.more, found.more_clusters),
        [(row.pk, row.sentence) for row in found.orphans],
        (found.orphans_elsewhere, found.more_orphans, found.more_elsewhere),
        (found.failing, found.age.is_late),
        [
            (held.kind, held.sentence, held.digest, held.released_at)
            for held in (row.deletions for row in found.held)
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
    if row.sentence == troubles.CLONE_CANCELLED:
        return CLONE_CANCELLED
    return _BADGES[row.trouble]
