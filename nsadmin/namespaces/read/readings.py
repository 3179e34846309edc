"""What is known about all namespaces of a cluster at once, and how old it is.

A namespace that nobody watches has no request of its own while its cluster tells that
nothing changed. So what a list may say of it is decided when the list is read, from its
row and from the row of its cluster: without a sampler, everything becomes unknown.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from nsadmin.names import clip
from nsadmin.namespaces.models import ClusterReading, LastLook, MirroredNamespace
from nsadmin.namespaces.placement.members import cluster_url
from nsadmin.namespaces.read.snapshots import VECTOR_COUNT_PREFIX
from nsadmin.namespaces.schema.extractors import REGISTRY

# What is promised where the fleet is small enough for it.
PROMISED_S: Final = 300
# After so many promised periods, what was last known says nothing about now.
VALID_PERIODS: Final = 2
_NEVER_READ: Final = ClusterReading()
_TOLD: Final = "told_by_look"


@dataclass(frozen=True, slots=True)
class ShownStatus:
    """The status that may be shown now for a namespace.

    `as_of` is when it was last known to be so, None for never; `since` is set while it
    is unknown although it once was known. `unused` are its extractors whose vectors are
    on no point.
    """

    key: str
    as_of: datetime | None
    since: datetime | None = None
    unused: "Unused | None" = None


@dataclass(frozen=True, slots=True)
class Unused:
    """Extractors with a vector that is on none of `points`, as last counted."""

    extractor_ids: tuple[str, ...]
    vectors: tuple[str, ...]
    points: int


def of_clusters(urls: Iterable[str]) -> dict[str, ClusterReading]:
    """Return the rows of these clusters by address, in one query."""
    return ClusterReading.objects.in_bulk(sorted(set(urls)))


def shown(rows: Sequence[MirroredNamespace]) -> dict[str, ShownStatus]:
    """Return the status to show for each namespace by its id, in one query."""
    urls = {row.namespace_id: cluster_url(row) for row in rows}
    found = of_clusters(urls.values())
    now = timezone.now()
    return {
        row.namespace_id: shown_status(
            row, found.get(urls[row.namespace_id], _NEVER_READ), now
        )
        for row in rows
    }


def with_told(rows: QuerySet[MirroredNamespace]) -> QuerySet[MirroredNamespace]:
    """Return the rows so that each is read with the facts of its last look."""
    looks = LastLook.objects.filter(pk=OuterRef("pk"), live__points__gt=0)
    return rows.annotate(**{_TOLD: Subquery(looks.values("told"))})


def shown_with_coverage(rows: Sequence[MirroredNamespace]) -> dict[str, ShownStatus]:
    """Return the same with extractors that are on no point, for rows of `with_told`."""
    statuses = shown(rows)
    return {
        row.namespace_id: replace(statuses[row.namespace_id], unused=_unused(row))
        for row in rows
    }


def _unused(row: MirroredNamespace) -> Unused | None:
    facts = vars(row)[_TOLD] or {}
    found = [
        (extractor_id, vector, counts["of"])
        for extractor_id in row.extractor_ids
        for vector, counts in _counts(extractor_id, facts)
        if counts["of"] and not counts["have"]
    ]
    if not found:
        return None
    return Unused(
        extractor_ids=tuple(dict.fromkeys(one for one, _, _ in found)),
        vectors=tuple(vector for _, vector, _ in found),
        points=max(points for _, _, points in found),
    )


def _counts(
    extractor_id: str, facts: Mapping[str, Any]
) -> Iterator[tuple[str, dict[str, int]]]:
    """Yield each vector of an extractor that was counted, with its last counts."""
    extractor = REGISTRY.get(extractor_id)
    for vector in extractor.vectors if extractor else ():
        fact = facts.get(f"{VECTOR_COUNT_PREFIX}{vector.name}") or {}
        if fact.get("of"):
            yield vector.name, fact["of"]


def shown_status(
    row: MirroredNamespace, reading: ClusterReading, now: datetime
) -> ShownStatus:
    """Return the status of a row; older than twice the promise, it is unknown."""
    as_of = known_at(row, reading)
    if row.status != row.health:
        return ShownStatus(row.status, as_of)  # that of a job
    if row.health == "unknown":
        return ShownStatus("unknown", as_of, row.health_since)
    if _is_silent(row, reading):
        return ShownStatus("unknown", as_of, reading.silent_since)
    longest = timedelta(seconds=VALID_PERIODS * reading.promised_s)
    if as_of is None or now - as_of > longest:
        return ShownStatus("unknown", as_of, as_of)
    return ShownStatus(row.health, as_of)


def last_known_at(
    rows: Sequence[MirroredNamespace], statuses: Mapping[str, ShownStatus]
) -> datetime | None:
    """Return since when rows are shown as unknown that filters still find otherwise.

    Filters and counts go by the stored status, which no longer says how it is now. For
    no rows this is told of the shared cluster, at the cost of one query.
    """
    if rows:
        behind = [
            shown.since
            for row in rows
            if (shown := statuses[row.namespace_id]).key != row.status and shown.since
        ]
        return min(behind, default=None)
    reading = reading_of(str(settings.NSADMIN_QDRANT_URL).rstrip("/"))
    if reading.silent_since is not None or reading.turn_at is None:
        return reading.silent_since
    longest = timedelta(seconds=VALID_PERIODS * reading.promised_s)
    is_late = timezone.now() - reading.turn_at > longest
    return reading.turn_at if is_late else None


def known_at(row: MirroredNamespace, reading: ClusterReading) -> datetime | None:
    """Return when the state of a row was last known to be as it is there.

    The counts of its cluster confirm that a collection is ready, or that there is none,
    unless they say that this changed; then those before did. Any other state is
    confirmed by a look of its own alone.
    """
    is_confirmed = row.health == "ready" or is_missing(row.health, row.document_count)
    if row.looked_at is None or not is_confirmed:
        return row.looked_at
    confirmed_at = row.changed_at or reading.counted_at
    return max(row.looked_at, confirmed_at) if confirmed_at else row.looked_at


def is_missing(health: str, points: int | None) -> bool:
    """Tell by the columns of a row whether its collection was missing at its look."""
    return health == "error" and points is None


def _is_silent(row: MirroredNamespace, reading: ClusterReading) -> bool:
    """Tell whether the cluster is silent and this collection did not answer since."""
    if reading.silent_since is None:
        return False
    return row.looked_at is None or row.looked_at < reading.silent_since


def silences(rows: Sequence[MirroredNamespace]) -> Mapping[str, str]:
    """Return {id: the message} for the namespaces whose whole cluster is silent."""
    urls = {row.namespace_id: cluster_url(row) for row in rows}
    found = of_clusters(urls.values())
    return {
        row.namespace_id: reading.silence
        for row in rows
        if (reading := found.get(urls[row.namespace_id])) and _is_silent(row, reading)
    }


def reading_of(url: str) -> ClusterReading:
    """Return the row of a cluster; an empty one that is not stored if it has none."""
    found = ClusterReading.objects.filter(url=url).first()
    return found or ClusterReading(url=url)


def save(reading: ClusterReading, **values: Any) -> None:
    """Set values of a cluster's row, and no others; several processes write it."""
    for name, value in values.items():
        setattr(reading, name, clip(value, 500) if isinstance(value, str) else value)
    kept = {name: getattr(reading, name) for name in values}
    if not ClusterReading.objects.filter(pk=reading.pk).update(**kept):
        ClusterReading.objects.update_or_create(pk=reading.pk, defaults=kept)
