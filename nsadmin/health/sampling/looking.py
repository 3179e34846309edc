"""One turn of looks at the collections of one cluster, at those alone that are due."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.utils import timezone

from nsadmin.errors import NsadminError
from nsadmin.health.drift import drift_scan
from nsadmin.health.drift.drift import compare
from nsadmin.health.models import DriftRow
from nsadmin.health.sampling import order
from nsadmin.health.sampling.asking import Asker, Fact, Question, fact_due
from nsadmin.health.sampling.order import Batch
from nsadmin.jobs import items
from nsadmin.namespaces.models import LastLook, MirroredNamespace
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.placement.members import Members
from nsadmin.namespaces.read import look_writes, snapshots
from nsadmin.namespaces.read.look_writes import Answer, Stored
from nsadmin.namespaces.read.snapshots import Snapshot
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores import ephemeral
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant.cluster import Cluster

# The name of the loop in the rows of failing items.
LOOP: Final = "sample"
# One that could not be asked gives way to the others for this long.
_GIVES_WAY: Final = timedelta(seconds=30)


@dataclass(slots=True)
class Turn:
    """What a turn did: collections that answered, items that failed, the time it took.

    `last` is a namespace that answered, None for none; `is_broken` is whether the turn
    ended because the cluster left questions open.
    """

    answered: int = 0
    asked: int = 0
    failed: int = 0
    took_s: float = 0.0
    last: Namespace | None = None
    is_broken: bool = False


def look(cluster: Cluster, members: Members, *, until: float, is_counted: bool) -> Turn:
    """Look at what is due until the monotonic time, in the order of `order`."""
    turn, began = Turn(), time.monotonic()
    watched = set(
        members.rows()
        .filter(pk__in=list(ephemeral.watched()))
        .values_list("pk", flat=True)
    )
    with Asker() as asker:
        for batch in order.batches(members, watched):
            if time.monotonic() > until or turn.is_broken:
                break
            _look_at(cluster, batch, asker, turn, watched, is_counted=is_counted)
            is_over = batch.ends_turn or not asker.has_answered
            turn.is_broken = asker.is_broken and is_over
    turn.took_s = time.monotonic() - began
    return turn


def _look_at(
    cluster: Cluster,
    batch: Batch,
    asker: Asker,
    turn: Turn,
    watched: set[str],
    *,
    is_counted: bool,
) -> None:
    keys, questions, answers = batch.keys, list[Question](), list[Answer | Fact]()
    facts = _facts_due(set(keys) & watched)
    places = {key: place for place, key in enumerate(keys)}

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
    questions.sort(key=lambda question: places.get(question.namespace.namespace_id, 0))
    answers += asker.ask(questions)
    turn.failed += found.failed + _store(answers, turn, watched, is_counted=is_counted)
    answered = {answer.namespace.namespace_id for answer in answers}
    # What the breaker left out stays due: what is said of it grows old.
    stays = answered if batch.is_silent else answered | asker.left
    _give_way([key for key in keys if key not in stays])


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
    differing = (key for key, one in stored.items() if one.row and one.row.differences)
    before = drift_scan.stored_of(differing)
    unchanged: list[str] = []

    def judge(key: str) -> None:
        snapshot = snapshots.from_row(stored[key].look)
        namespace = looks[key].namespace
        if key in watched:
            snapshots.cache(namespace, snapshot)
        turn.asked += 1
        if snapshot.ok:
            turn.answered += 1
            turn.last = namespace
        if _is_unchanged(namespace, snapshot, stored[key], before.get(key, [])):
            unchanged.append(key)

    failed = items.each(LOOP, stored, judge, key=str).failed
    drift_scan.note_unchanged(unchanged, differing=before)
    return failed


def _is_unchanged(
    namespace: Namespace,
    snapshot: Snapshot,
    stored: Stored,
    before: Sequence[DriftRow],
) -> bool:
    """Store the differences; where they are those that are stored, return True."""
    if namespace.is_unfinished_clone or not snapshot.ok or stored.row is None:
        return False
    found = compare(namespace, snapshot, stored.row)
    if drift_scan.are_stored(found, before, count=stored.row.differences):
        return True
    drift_scan.scan_namespace(namespace, snapshot)
    return False
