"""Automatic indexes: created every 6 hours, for namespaces that have them enabled.

A field filtered more than 100 times in 24 hours gets its index, never one on a field of
the system, few in one run, one build in a collection at a time. Two runs at once are
harmless: the row of the build and the plan each let only one of them act.

Documents and payloads are what others wrote. Each namespace, and each field of one,
fails alone: the failure is recorded at it, and the run goes on.
"""

from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import islice
from operator import attrgetter
from typing import Any

import structlog
from django.utils import timezone

from nsadmin.advice import evidence, index_build, sample_cache, usage
from nsadmin.advice.infer import Inference
from nsadmin.advice.models import AutoIndex
from nsadmin.advice.rules import AUTO_THRESHOLD, unindexed
from nsadmin.advice.usage import FieldUsage
from nsadmin.errors import Conflict, Invalid, NsadminError
from nsadmin.jobs import items
from nsadmin.jobs.schedules import beat
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.placement.cluster_share import (
    EVERY,
    ClusterShare,
    dedicated_ids,
    of_share,
)
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.mongo import namespaces as store

log = structlog.get_logger(__name__)

SCHEDULE, FINISH = "auto_indexes", "finish_indexes"
MAX_IN_A_RUN = 20
MAX_IN_A_COLLECTION = 3
# Builds that one run judges and measures.
MAX_FINISHED = 500
# Reports may name any field; so many are sampled in search of those to index.
MAX_LOOKED_AT = 100
_NEXT = "It is left for the next run."
_LEFT_KEPT = 200
# Namespaces that are looked up in the mirror at once.
_SLICE = 500


@dataclass(slots=True)
class Run:
    """The result of one run; `left` lists [namespace, field, reason] not indexed.

    The field is empty if the namespace could not be read.
    """

    namespaces: int = 0
    begun: int = 0
    left: list[list[str]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the run as JSON for the schedule's record, whole namespaces first."""
        left = sorted(self.left, key=lambda entry: entry[1] != "")
        return {**asdict(self), "left": left[:_LEFT_KEPT]}


def run(*, now: datetime | None = None, share: ClusterShare = EVERY) -> Run:
    """Begin the due builds of the namespaces with automatic indexes in this share.

    It costs what is often filtered, however many namespaces there are. Raises
    Unavailable if Redis does not answer.
    """
    at = now or timezone.now()
    done = Run()

    def one(namespace: Namespace) -> None:
        done.namespaces += 1
        try:
            _one_namespace(namespace, at, done)
        except NsadminError as failure:
            done.left.append([namespace.namespace_id, "", failure.message])
            raise

    items.each(
        SCHEDULE,
        _due(share, at, done),
        one,
        key=attrgetter("namespace_id"),
        is_complete=share == EVERY,
    )
    log.info("auto_indexes_run", namespaces=done.namespaces, begun=done.begun)
    return done


def next_run(namespace: Namespace, now: datetime) -> datetime | None:
    """Return the time of the next run; None if the namespace has it disabled."""
    return beat.next_run(SCHEDULE, now) if namespace.auto_create_indexes else None


def _due(share: ClusterShare, at: datetime, done: Run) -> Iterator[Namespace]:
    """Yield the namespaces of the share that may get indexes, of those often filtered.

    It ends once the run has begun as many builds as it may and named enough others.
    """
    waiting = iter(usage.often_filtered(at))
    while part := list(islice(waiting, _SLICE)):
        rows = MirroredNamespace.objects.filter(
            namespace_id__in=part, auto_create_indexes=True, deleted_at=None
        )
        mirrored = set(of_share(rows, share).values_list("namespace_id", flat=True))
        for key in part:
            if done.begun >= MAX_IN_A_RUN and len(done.left) >= _LEFT_KEPT:
                return
            raw = store.get(key) if key in mirrored else None
            namespace = None if raw is None else document.read(raw)
            if namespace is not None and _is_enabled(namespace):
                yield namespace


def _is_enabled(namespace: Namespace) -> bool:
    gone = namespace.deleted_at is not None or namespace.is_unfinished_clone
    return namespace.auto_create_indexes and not gone


def _one_namespace(namespace: Namespace, at: datetime, done: Run) -> None:
    """Begin the due builds; record the other fields with the reason.

    A field that was muted because its index held too little was named when that
    happened, and is not named again.
    """
    due = unindexed(evidence.evidence(namespace, now=at), min_count=AUTO_THRESHOLD)
    muted = index_build.muted(namespace)
    key = namespace.namespace_id
    done.left += [
        [key, u.field_name, "A user dropped this index."]
        for u in due
        if muted.get(u.field_name) == ""
    ]
    uses = {u.field_name: u for u in due if u.field_name not in muted}
    names = sample_cache.typed_first(key, list(uses))
    limit = min(MAX_IN_A_RUN, done.begun + MAX_IN_A_COLLECTION)
    failed = set()
    for start in range(0, min(len(names), MAX_LOOKED_AT), evidence.MAX_SAMPLED):
        batch = names[start : start + evidence.MAX_SAMPLED]
        types = sample_cache.fresh(namespace, batch) if done.begun < limit else {}
        for name in batch:
            if done.begun >= limit:
                done.left.append([key, name, _NEXT])
            elif not _begin_build(namespace, uses[name], types[name], done):
                failed.add(_item(key, name))
    done.left += [[key, name, _NEXT] for name in names[MAX_LOOKED_AT:]]
    _resolve_others(key, failed)


def _begin_build(
    namespace: Namespace, used: FieldUsage, inference: Inference, done: Run
) -> bool:
    """Begin the build of one field; False if that failed, which is then recorded.

    A field that gets no index is listed in `left` with the reason.
    """
    key, name = namespace.namespace_id, used.field_name

    def begin() -> None:
        if inference.type is None:
            done.left.append([key, name, inference.sentence])
            return
        try:
            done.begun += index_build.begin(namespace, used, inference) is not None
        except (Conflict, Invalid) as refusal:
            done.left.append([key, name, refusal.message])
        except NsadminError as failure:
            done.left.append([key, name, failure.message])
            raise

    return items.succeeds(SCHEDULE, "index", _item(key, name), begin)


def _item(namespace_id: str, field_name: str) -> str:
    return items.storable_key(f"{namespace_id}/{field_name}")


def _resolve_others(namespace_id: str, failed: Collection[str]) -> None:
    """Close the rows of fields of the namespace that did not fail this time."""
    rows = items.open_failures().filter(
        loop=SCHEDULE, kind="index", item__startswith=f"{namespace_id}/"
    )
    for row in rows.exclude(item__in=list(failed)):
        items.resolve(SCHEDULE, "index", row.item)


def clusters_that_build() -> list[str]:
    """Return the addresses of the dedicated clusters on which builds go on."""
    return sorted(set(dedicated_ids(_building_ids()).values()))


def _building_ids() -> list[str]:
    """Return the namespaces in which builds go on, those that began first at the front.

    Others wait for the next run, in 15 s.
    """
    building = AutoIndex.objects.filter(state=AutoIndex.State.BUILDING).order_by("pk")
    return list(building.values_list("namespace_id", flat=True)[:MAX_FINISHED])


def finish_open(share: ClusterShare = EVERY) -> int:
    """Judge and measure every build of this share that has ended; return the number."""
    done, building = 0, _building_ids()
    on_dedicated = dedicated_ids(building)

    def one(row: AutoIndex) -> None:
        nonlocal done
        done += index_build.finish(row)

    rows = AutoIndex.objects.filter(
        namespace_id__in=building, state=AutoIndex.State.BUILDING
    ).order_by("pk")
    items.each(
        FINISH,
        [row for row in rows if share.covers_id(row.namespace_id, on_dedicated)],
        one,
        key=lambda row: _item(row.namespace_id, row.field_name),
        kind="index",
        is_complete=share == EVERY,
    )
    return done
