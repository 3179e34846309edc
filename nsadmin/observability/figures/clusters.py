"""The Qdrant clusters, by whether they answer."""

from collections.abc import Iterator
from itertools import product

from django.conf import settings
from django.db.models import Case, Count, Value, When
from django.utils import timezone
from prometheus_client import Metric

from nsadmin.health.fleet import PROBE_VALID_FOR
from nsadmin.health.models import ClusterLook
from nsadmin.observability.figures.gauges import gauges

_SHARED, _DEDICATED = "shared", "dedicated"
_ANSWERING, _SILENT = "answering", "silent"


def read() -> Iterator[Metric]:
    """Count the clusters by their last probe, in one query."""
    recent = timezone.now() - PROBE_VALID_FOR
    shared = When(url=settings.NSADMIN_QDRANT_URL.rstrip("/"), then=Value(_SHARED))
    answers = When(taken_at__gte=recent, unknown_since=None, then=Value(_ANSWERING))
    rows = ClusterLook.objects.annotate(
        cluster=Case(shared, default=Value(_DEDICATED)),
        state=Case(answers, default=Value(_SILENT)),
    )
    counted = rows.order_by().values_list("cluster", "state").annotate(n=Count("pk"))
    found = {(cluster, state): number for cluster, state, number in counted}
    keys = product((_SHARED, _DEDICATED), (_ANSWERING, _SILENT))
    every: dict[tuple[str, ...], float] = {key: found.get(key, 0) for key in keys}
    meaning = "Qdrant clusters, by whether a probe of the last minute was answered."
    yield gauges("nsadmin_clusters", meaning, ["cluster", "state"], every)
