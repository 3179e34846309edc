"""Compare one namespace with Qdrant and store what differs; see also `nightly`."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction
from django.utils import timezone

from nsadmin.health.drift import news, reference_drift
from nsadmin.health.drift.drift import Drift, compare
from nsadmin.health.drift.reference_drift import Reach
from nsadmin.health.models import DriftRow, LastComparison
from nsadmin.jobs import items
from nsadmin.names import clip
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.read.snapshots import Snapshot
from nsadmin.namespaces.schema.document import Namespace

# The time of a comparison is written once in this while.
_NOTED_EVERY = timedelta(hours=1)
# Differences of one namespace, and orphans of one cluster, that are stored.
MOST_STORED = 500
_VALUES = ("wanted", "actual", "shown", "right", "way", "sentence")
# These are shown but not counted, because they end by themselves.
_UNCOUNTED = frozenset({"pending", "mirror_behind", "count_behind", "tier_behind"})


def scan_namespace(
    namespace: Namespace, snapshot: Snapshot | None, *, references: Reach = "stored"
) -> list[Drift]:
    """Compare now, store the differences, and return them.

    Those of an unfinished clone are not stored: the rest of its copy removes them.
    `references` says how far broken references are looked for.
    """
    key = namespace.namespace_id
    row = MirroredNamespace.objects.filter(namespace_id=key).first()
    found = compare(namespace, snapshot, row)
    found += reference_drift.differences(key, references)
    is_known = snapshot is not None and snapshot.ok
    if is_known and not namespace.is_unfinished_clone:
        store_differences(
            key,
            [d for d in found if d.kind not in _UNCOUNTED],
            is_changing=bool(namespace.raw.get("pending")),
        )
        _note_comparison(key, whole=references == "objects")
    return bounded(found)


def _note_comparison(namespace_id: str, *, whole: bool) -> None:
    """Record that a namespace was compared now; the nightly pass leaves it out then."""
    now = timezone.now()
    noted = LastComparison.objects.filter(pk=namespace_id).first()
    if noted is not None and not whole and now - noted.at < _NOTED_EVERY:
        return
    values: dict[str, datetime] = {"at": now} | (
        {"references_at": now} if whole else {}
    )
    LastComparison.objects.update_or_create(pk=namespace_id, defaults=values)


def stored_of(namespace_ids: Iterable[str]) -> dict[str, list[DriftRow]]:
    """Return the stored differences of many namespaces, by id, in one question."""
    found: dict[str, list[DriftRow]] = {}
    if ids := list(namespace_ids):
        for row in DriftRow.objects.filter(namespace_id__in=ids, cluster=""):
            found.setdefault(row.namespace_id, []).append(row)
    return found


def are_stored(
    found: Iterable[Drift], stored: Sequence[DriftRow], *, count: int
) -> bool:
    """Tell whether these differences and no others are stored, and are counted so.

    Broken references count as they were found last: a look does not look for them.
    """
    drifts = {key: _values(drift) for key, drift in _counted(found).items()}
    rows = {
        (row.kind, row.subject): {name: getattr(row, name) for name in _VALUES}
        for row in stored
        if row.kind not in reference_drift.KINDS
    }
    return len(stored) == count and drifts == rows


def note_unchanged(namespace_ids: Iterable[str], *, differing: Collection[str]) -> None:
    """Record of many namespaces at once that they were compared now.

    Those that are `differing` too have the differences that are stored, others none.
    """
    now, ids = timezone.now(), set(namespace_ids)
    if seen := ids.intersection(differing):
        rows = DriftRow.objects.filter(namespace_id__in=seen, cluster="")
        rows.update(last_seen=now)
    recent = LastComparison.objects.filter(pk__in=ids, at__gt=now - _NOTED_EVERY)
    ids.difference_update(recent.values_list("pk", flat=True))
    LastComparison.objects.bulk_create(
        (LastComparison(namespace_id=key, at=now) for key in sorted(ids)),
        update_conflicts=True,
        unique_fields=["namespace_id"],
        update_fields=["at"],
    )


def bounded(found: Sequence[Drift]) -> list[Drift]:
    """Return at most MOST_STORED differences, and one that counts the others."""
    more = len(found) - MOST_STORED
    if more <= 0:
        return list(found)
    rest = Drift(kind="more", actual=f"{more:,}", right="nobody", way="look")
    return [*found[:MOST_STORED], rest]


def stored_drift(namespace: Namespace) -> list[DriftRow]:
    """Return the differences of the last comparison."""
    rows = DriftRow.objects.filter(namespace_id=namespace.namespace_id, cluster="")
    return list(rows.order_by("pk"))


def store_differences(
    namespace_id: str, found: Sequence[Drift], *, is_changing: bool = False
) -> None:
    """Store at most MOST_STORED differences in bulk; delete those that are gone.

    While a change is not finished they are no event: its end removes most of them.
    """
    now = timezone.now()
    stored = DriftRow.objects.filter(namespace_id=namespace_id, cluster="")
    if not found and not stored.exists():
        _store_count(namespace_id, 0)
        return
    with transaction.atomic():
        _see(namespace_id, "", bounded(found), now)
        stored.filter(last_seen__lt=now).delete()
        _store_count(namespace_id, len(found))
        if found and not is_changing:
            news.write(namespace_id)


def store_orphans(cluster: str, found: Iterable[Drift], *, began: datetime) -> None:
    """Store orphans of a cluster beside those seen since then, at most MOST_STORED."""
    seen = DriftRow.objects.filter(
        namespace_id="", cluster=cluster, last_seen__gte=began
    )
    room = max(0, MOST_STORED - seen.count())
    _see("", cluster, islice(found, room), timezone.now())


def delete_orphans(cluster: str, *, before: datetime) -> None:
    """Delete the orphans of a cluster that were not seen since then."""
    rows = DriftRow.objects.filter(namespace_id="", cluster=cluster)
    rows.filter(last_seen__lt=before).delete()


def rows_of(
    namespace_id: str, found: Iterable[Drift], now: datetime, *, cluster: str = ""
) -> list[DriftRow]:
    """Return the rows, not yet stored, of differences that are seen now, each once.

    Those that are not counted have none.
    """
    return [
        DriftRow(
            namespace_id=namespace_id,
            cluster=cluster,
            kind=kind,
            subject=subject,
            first_seen=now,
            last_seen=now,
            **_values(drift),
        )
        for (kind, subject), drift in _counted(found).items()
    ]


def _counted(found: Iterable[Drift]) -> dict[tuple[str, str], Drift]:
    """Return the differences that are counted, each once, by kind and subject."""
    return {
        (drift.kind, items.storable_key(drift.subject)): drift
        for drift in found
        if drift.kind not in _UNCOUNTED
    }


def _see(
    namespace_id: str, cluster: str, found: Iterable[Drift], now: datetime
) -> None:
    DriftRow.objects.bulk_create(
        rows_of(namespace_id, found, now, cluster=cluster),
        update_conflicts=True,
        unique_fields=["namespace_id", "cluster", "kind", "subject"],
        update_fields=["last_seen", *_VALUES],
        batch_size=500,
    )


def _store_count(namespace_id: str, count: int) -> None:
    """Write the number of differences where it is another one; most looks read only."""
    other = MirroredNamespace.objects.filter(namespace_id=namespace_id).exclude(
        differences=count
    )
    if other.exists():
        other.update(differences=count)


def _values(drift: Drift) -> dict[str, str]:
    return {
        "wanted": clip(drift.wanted, 255),
        "actual": clip(drift.actual, 255),
        "shown": clip(drift.shown, 255),
        "right": drift.right,
        "way": drift.way,
        "sentence": clip(drift.sentence, 1000),
    }
