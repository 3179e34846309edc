"""The comparison at night, in slices: a pass goes on from where the last slice ended.

A pass has a row for each share of the clusters. A slice works for a bounded time and
saves its place every few seconds, so that a killed process loses only these. The next
slice, of the next minute, goes on from there. A namespace at which a slice is stopped
or killed is left to the next night.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import InterfaceError, OperationalError
from django.db.models import F
from django.utils import timezone

from nsadmin.errors import Unavailable
from nsadmin.health.models import DriftPass
from nsadmin.health.nightly import due, orphans, stale
from nsadmin.jobs import items
from nsadmin.namespaces.placement.cluster_share import EVERY, ClusterShare
from nsadmin.stores import redis
from nsadmin.stores.qdrant.cluster import Cluster

SLICE_S: Final = 40.0
# Namespaces whose ids are read at once.
_AT_ONCE: Final = 50
# The place is saved this often, and before the first namespace of a slice.
_SAVE_EVERY_S: Final = 2.0
# A claim ends this long after its process was killed in a slice.
_MARGIN_S: Final = 60
_COMPARE, _ORPHANS = "compare", "orphans"
_ALL: Final = "*"


@dataclass(frozen=True, slots=True)
class SweepResult:
    """The number of differences, and of namespaces that could not be compared.

    They are those of a pass until now. `failed` counts namespaces and clusters at which
    the comparison itself failed. `going_on` is 1 while the pass has not ended, else 0.
    """

    differences: int = 0
    silent: int = 0
    failed: int = 0
    compared: int = 0
    going_on: int = 0


def begin(share: ClusterShare = EVERY) -> None:
    """Begin a pass of a share; one that goes on already is begun anew."""
    values = {"began_at": timezone.now(), "stage": _COMPARE, "after": ""}
    counts = dict.fromkeys(("compared", "differences", "silent", "failed"), 0)
    DriftPass.objects.update_or_create(
        url=_name(share), defaults={**values, **counts, "ended_at": None}
    )


def forget_others(shares: list[ClusterShare]) -> None:
    """Delete the passes of shares that are no more, of dedicated clusters that went."""
    DriftPass.objects.exclude(url__in=[_name(share) for share in shares]).delete()


def open_urls() -> list[str]:
    """Return the addresses of dedicated clusters whose pass goes on."""
    rows = DriftPass.objects.filter(ended_at=None).exclude(url__in=("", _ALL))
    return list(rows.order_by("url").values_list("url", flat=True))


def go_on(share: ClusterShare = EVERY, *, seconds: float = SLICE_S) -> SweepResult:
    """Work on the open pass of a share for some time; without one do nothing.

    While another process does it, this one does nothing.
    """
    claim = f"drift:{_name(share)}"
    if not redis.claim(claim, milliseconds=round((seconds + _MARGIN_S) * 1000)):
        return SweepResult()
    try:
        row = DriftPass.objects.filter(url=_name(share), ended_at=None).first()
        return _Slice(row, share, seconds).work() if row is not None else SweepResult()
    finally:
        redis.release(claim)


class _Slice:
    """One slice of a pass; it writes counts as it goes, each with its checkpoint."""

    def __init__(self, row: DriftPass, share: ClusterShare, seconds: float) -> None:
        self._row, self._share = row, share
        self._until = time.monotonic() + seconds
        self._saved_at = -math.inf
        self._compared = self._succeeded = self._differences = self._silent = 0

    def work(self) -> SweepResult:
        """Compare what is due, at least one; then look through the next names."""
        is_first = True
        while self._row.stage == _COMPARE and (is_first or self._has_time()):
            self._compare_some()
            is_first = False
        while self._is_at_orphans() and (is_first or self._has_time()):
            self._find_orphans()
            is_first = False
        row = DriftPass.objects.filter(pk=self._row.pk).first() or self._row
        return SweepResult(
            differences=row.differences,
            silent=row.silent,
            failed=row.failed,
            compared=row.compared,
            going_on=int(row.ended_at is None),
        )

    def _has_time(self) -> bool:
        return time.monotonic() < self._until

    def _is_at_orphans(self) -> bool:
        return self._row.stage == _ORPHANS and self._row.ended_at is None

    def _compare_some(self) -> None:
        row = self._row
        ids = due.due_ids(
            self._share, after=row.after, began=row.began_at, limit=_AT_ONCE
        )
        begun, last = 0, row.after

        def turns() -> Iterator[str]:
            nonlocal begun, last
            for namespace_id in ids:
                if begun and not self._has_time():
                    return
                begun += 1
                self._move(namespace_id)
                yield namespace_id
                last = namespace_id
                self._compared += 1

        def compare(namespace_id: str) -> None:
            self._count(due.compare(namespace_id, self._share))

        try:
            items.each(due.LOOP, turns(), compare, key=str)
            if begun == len(ids) < _AT_ONCE:
                row.stage, row.after = _ORPHANS, ""
        except (Unavailable, OperationalError, InterfaceError):
            # A store of all namespaces failed: the next slice begins with this one.
            row.after = last
            raise
        finally:
            self._save()

    def _move(self, namespace_id: str) -> None:
        """Move the place before the work: what stops one slice does not stop each."""
        self._row.after = namespace_id
        if time.monotonic() - self._saved_at > _SAVE_EVERY_S:
            self._save()

    def _count(self, differences: int | None) -> None:
        self._succeeded += 1
        if differences is None:
            self._silent += 1
        else:
            self._differences += differences

    def _find_orphans(self) -> None:
        row, left = self._row, list[str]()

        def find(cluster: Cluster) -> None:
            part = orphans.find(cluster, after=row.after, began=row.began_at)
            self._differences += part.found
            if part.last:
                left.append(part.last)

        clusters = items.each(
            due.LOOP,
            orphans.clusters_of(self._share),
            find,
            key=lambda cluster: cluster.url,
            kind="cluster",
        )
        if left:
            # Of several clusters, each has come so far at least.
            row.after = min(left)
            self._save(failed=clusters.failed)
        else:
            self._finish(failed=clusters.failed)

    def _finish(self, *, failed: int) -> None:
        if self._share.url in (None, ""):
            stale.delete(self._row.began_at)
        if self._share == EVERY:
            items.close_unmet(due.LOOP, "namespace", before=self._row.began_at)
        self._save(failed=failed, ended_at=timezone.now())

    def _save(self, *, failed: int = 0, ended_at: datetime | None = None) -> None:
        """Write how far the pass has come, unless it was begun anew meanwhile."""
        row = self._row
        row.ended_at = ended_at
        failed += self._compared - self._succeeded
        DriftPass.objects.filter(pk=row.pk, began_at=row.began_at).update(
            stage=row.stage,
            after=row.after,
            compared=F("compared") + self._compared,
            differences=F("differences") + self._differences,
            silent=F("silent") + self._silent,
            failed=F("failed") + failed,
            ended_at=ended_at,
        )
        self._compared = self._succeeded = self._differences = self._silent = 0
        self._saved_at = time.monotonic()


def _name(share: ClusterShare) -> str:
    return _ALL if share.url is None else share.url
