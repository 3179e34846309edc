"""One turn of looks at the collections of one cluster, at those alone that are due."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

from django.utils import timezone

from nsadmin.errors import NsadminError
from nsadmin.health.drift import drift_scan
from nsadmin.health.drift.drift import compare
from nsadmin.health.sampling.asking import Asker, Fact, Question, age_s, fact_due
from nsadmin.jobs import items
from nsadmin.namespaces.models import LastLook, MirroredNamespace
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.placement.members import Members
from nsadmin.namespaces.read import look_writes, probe, snapshots
from nsadmin.namespaces.read.look_writes import Answer, Stored
from nsadmin.namespaces.read.snapshots import Snapshot
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores import ephemeral
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant.cluster import Cluster

# The name of the loop in the rows of failing items.
LOOP: Final = "sample"
# A little shorter than the interval, because the schedule may run a little early.
_WATCHED_S: Final = probe.PROBE_INTERVAL_S - 0.5
# Questions between two writes, and the most of one turn.
_BATCH: Final = 120
_MOST: Final = 6000
# One that could not be asked gives way to the others for this long.
_GIVES_WAY: Final = timedelta(seconds=30)


@dataclass(slots=True)
class Turn:
    """What a turn did: collections that answered, items that failed, the time it took.

    `last` is a namespace that answered, None for none.
    """

    answered: int = 0
    asked: int = 0
    failed: int = 0
    took_s: float = 0.0
    last: Namespace | None = None
    _watched: set[str] = field(default_factory=set)


def look(cluster: Cluster, members: Members, *, until: float, is_counted: bool) -> Turn:
    """Look at what is due until the monotonic time; watched namespaces come first."""
    turn, began = Turn(), time.monotonic()
    watched = set(
        members.rows()
        .filter(pk__in=list(ephemeral.watched()))
        .values_list("pk", flat=True)
    )
    with Asker() as asker:
        for keys in _batches(_due(members, watched)):
            if time.monotonic() > until or asker.is_broken:
                break
            _look_at(cluster, keys, asker, turn, watched, is_counted=is_counted)
    turn.took_s = time.monotonic() - began
    return turn


def due_since(members: Members) -> datetime | None:
    """Return since when the oldest look is due; None if none is."""
    oldest = members.rows().order_by("next_look_at").values_list("next_look_at")[:1]
    found = next((at for (at,) in oldest), None)
    return found if found is not None and found < timezone.now() else None


def _due(members: Members, watched: set[str]) -> Iterator[str]:
    """Yield the ids of watched namespaces with an old look, then what is due."""
    looks = LastLook.objects.in_bulk(list(watched))
    for key in sorted(watched):
        row = looks.get(key)
        if age_s(snapshots.from_row(row) if row else None) > _WATCHED_S:
            yield key
    rows = members.rows().filter(next_look_at__lte=timezone.now())
    due = rows.order_by("next_look_at").values_list("pk", flat=True)
    yield from (key for key in list(due[:_MOST]) if key not in watched)


def _batches(keys: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(keys)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def _look_at(
    cluster: Cluster,
    keys: Sequence[str],
    asker: Asker,
    turn: Turn,
    watched: set[str],
    *,
    is_counted: bool,
) -> None:
    questions, answers = list[Question](), list[Answer | Fact]()
    facts = _facts_due(set(keys) & watched)

    def prepare(raw: document.Raw) -> None:
        if document.is_deleting(raw):
            return
        namespace = document.read(raw)
        kind, points = facts.get(namespace.namespace_id, ("", 0))
        try:
            own = cluster_of(namespace)
        except NsadminError as failure:
            answers.append(Answer(namespace, timezone.now(), error=failure.message))
            return
        if own == cluster:  # else the mirror does not know yet that it moved
            questions.append(Question(namespace, own, kind, points))

    found = items.each(
        LOOP, store.get_many(keys), prepare, key=lambda raw: str(raw["_id"])
    )
    answers += asker.ask(questions)
    turn.failed += found.failed + _store(answers, turn, watched, is_counted=is_counted)
    answered = {answer.namespace.namespace_id for answer in answers}
    _give_way([key for key in keys if key not in answered])


def _facts_due(keys: set[str]) -> dict[str, tuple[str, int]]:
    """Return {id: the fact that is asked instead of a look, the points}."""
    found = {}
    for key, row in LastLook.objects.in_bulk(list(keys)).items():
        before = snapshots.from_row(row)
        points = before.live.points if before.live is not None else 0
        found[key] = fact_due(before), points
    return found


def _give_way(keys: Sequence[str]) -> None:
    if keys:
        now = timezone.now()
        due = MirroredNamespace.objects.filter(pk__in=keys, next_look_at__lte=now)
        due.update(next_look_at=now + _GIVES_WAY)


def _store(
    answers: Sequence[Answer | Fact],
    turn: Turn,
    watched: set[str],
    *,
    is_counted: bool,
) -> int:
    """Store the answers, compare what they show; return how many namespaces failed."""
    for fact in answers:
        if isinstance(fact, Fact):
            told: dict[str, Any] = {fact.kind: fact.told}
            snapshots.record(fact.namespace.namespace_id, **told)
            turn.answered += 1
            turn.last = fact.namespace
    looks = {one.key: one for one in answers if isinstance(one, Answer)}
    stored = look_writes.store_many(
        list(looks.values()), watched=watched, is_counted=is_counted
    )
    agreeing: list[str] = []

    def judge(key: str) -> None:
        snapshot = snapshots.from_row(stored[key].look)
        namespace = looks[key].namespace
        if key in watched:
            snapshots.cache(namespace, snapshot)
        turn.asked += 1
        if snapshot.ok:
            turn.answered += 1
            turn.last = namespace
        if _agrees(namespace, snapshot, stored[key]):
            agreeing.append(key)

    failed = items.each(LOOP, stored, judge, key=str).failed
    drift_scan.note_agreement(agreeing)
    return failed


def _agrees(namespace: Namespace, snapshot: Snapshot, stored: Stored) -> bool:
    """Store the differences; where all agrees, and did before, return True."""
    if namespace.clone_status == "cloning" or not snapshot.ok or stored.row is None:
        return False
    if compare(namespace, snapshot, stored.row) or stored.row.differences:
        drift_scan.scan_namespace(namespace, snapshot)
        return False
    return True
