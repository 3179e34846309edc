"""The fleet, for staff: clusters, namespaces with trouble, orphaned collections."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2s

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.health.fleet import Attention, Fleet, Trouble, fleet, is_answering
from nsadmin.health.models import ClusterLook
from nsadmin.pages.common.badges import HEALTH, UNKNOWN, Badge
from nsadmin.pages.common.htmx import page, unchanged, wants_fragment

_BADGES: Mapping[Trouble, Badge] = {
    "error": HEALTH["error"],
    "unknown": UNKNOWN,
    "no collection": Badge("bad", "circle-x-fill", "No collection"),
    "drift": Badge("warn", "git-compare", "Drift"),
    "failed": HEALTH["failed"],
    "held": Badge("warn", "hourglass", "Held"),
}
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
    }
    return page(request, "fleet.html", context, fragment="fleet")


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
