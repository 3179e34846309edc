"""How fast and how large the latest transfers to or from a cluster were."""

from statistics import median
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils import timezone

from nsadmin.errors import NsadminError
from nsadmin.jobs.models import Job, State
from nsadmin.stores.qdrant import telemetry
from nsadmin.stores.qdrant.cluster import Cluster
from nsadmin.transfer.session import KEY
from nsadmin.transfer.site import Site

_KINDS: Final = ("clone", "move")
# The last jobs that are looked through, and those of one kind that are measured by.
_READ: Final = 20
_MEASURED: Final = 5
# A small job takes longer for each point, so it is no measure for a large one.
_SMALL: Final = 1000


def held_bytes(site: Site) -> int | None:
    """Return what vectors and payloads take at a site, without indexes.

    None where the server does not tell, or its telemetry is too slow.
    """
    try:
        size = telemetry.size_of(site.cluster, site.collection)
    except NsadminError:
        return None
    return None if size is None else size.vector_bytes + size.payload_bytes


def measured_rates(cluster: Cluster) -> dict[str, float]:
    """Return points per second by way, of the transfers alone."""
    return _medians(cluster, "points", "seconds")


def measured_sizes(cluster: Cluster) -> dict[str, float]:
    """Return how many bytes were sent for each byte that the source held, by way.

    What is sent has indexes too, or is JSON.
    """
    return _medians(cluster, "bytes", "held")


def whole_rates(kind: str, label: str, way: str, points: int) -> list[float]:
    """Return points per second of whole jobs of a kind, the latest first.

    `label` is that of a cluster to or from which they went. The time includes the
    proof. Jobs much smaller than `points` are left out.
    """
    rows = _ended(label, (kind,)).only(
        "outputs", "started_at", "resumed_at", "ended_at", "earlier_s"
    )
    rates = (_whole_rate(job, way, min(points, _SMALL)) for job in rows[:_READ])
    return [rate for rate in rates if rate is not None][:_MEASURED]


def _ended(label: str, kinds: tuple[str, ...]) -> QuerySet[Job]:
    places = Q(**{f"outputs__{KEY}__source": label})
    places |= Q(**{f"outputs__{KEY}__target": label})
    done = Job.objects.filter(places, kind__in=kinds, state=State.DONE)
    return done.order_by("-ended_at")


def _medians(cluster: Cluster, part: str, of: str) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    rows = _ended(cluster.label, _KINDS).values_list("outputs", flat=True)
    for outputs in rows[:_READ]:
        told = outputs[KEY]
        if told.get(part) and told.get(of):
            found.setdefault(str(told.get("way")), []).append(told[part] / told[of])
    return {way: median(values) for way, values in found.items()}


def _whole_rate(job: Job, way: str, least: int) -> float | None:
    told: Any = job.outputs.get(KEY)
    seconds = job.running_s(timezone.now())
    if not isinstance(told, dict) or told.get("way") != way or not seconds:
        return None
    points = told.get("points")
    if not isinstance(points, int) or points < max(1, least):
        return None
    return points / seconds
