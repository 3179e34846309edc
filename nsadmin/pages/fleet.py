"""The fleet, for staff: every cluster, what needs attention, what belongs to nobody."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from nsadmin.access import gate
from nsadmin.access.permissions import Action
from nsadmin.health.fleet import Attention, Trouble, fleet, is_answering
from nsadmin.health.models import ClusterLook
from nsadmin.pages.states import HEALTH, UNKNOWN, Shown

_SHOWN: Mapping[Trouble, Shown] = {
    "error": HEALTH["error"],
    "unknown": UNKNOWN,
    "no collection": Shown("bad", "circle-x-fill", "No collection"),
    "drift": Shown("warn", "git-compare", "Drift"),
    "failed": HEALTH["failed"],
    "held": Shown("warn", "hourglass", "Held"),
}
_ANSWERS = Shown("ok", "circle-check-fill", "Answers")


@gate.page(Action.PLATFORM_READ)
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Show it as it is stored; nobody is asked for this page."""
    found = fleet()
    context = {
        "now": timezone.now(),
        "clusters": [(cluster, *_state(cluster)) for cluster in found.clusters],
        "attention": [(row, _shown(row)) for row in found.attention],
        "more": found.more,
        "orphans": found.orphans,
    }
    return render(request, "fleet.html", context)


def _state(cluster: ClusterLook) -> tuple[Shown, object]:
    """Return how a cluster is, and since when nobody knows."""
    if is_answering(cluster):
        return _ANSWERS, None
    return UNKNOWN, cluster.unknown_since or cluster.taken_at


def _shown(row: Attention) -> Shown:
    return _SHOWN[row.trouble]
