"""Questions about single collections, several of one cluster in flight at a time.

Threads call Qdrant and Redis; SQL and the namespace store belong to the caller.
"""

import math
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from threading import Lock
from typing import Any, Final, Self

from django.conf import settings
from django.utils import timezone

from nsadmin.errors import NsadminError, Unavailable
from nsadmin.health.drift import vector_coverage
from nsadmin.namespaces.read import probe
from nsadmin.namespaces.read.look_writes import Answer
from nsadmin.namespaces.read.snapshots import VECTOR_COUNT_PREFIX, Snapshot
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.qdrant import collections, telemetry
from nsadmin.stores.qdrant.cluster import Cluster

IN_FLIGHT: Final = 12
# So many questions without an answer end a turn in which none had one.
_MOST_SILENT: Final = 2
# Extra facts are asked only while the snapshot itself is recent.
_RECENT_S: Final = 1.6 * probe.PROBE_INTERVAL_S
_SLOW_S: Final = 300
BUILDS, SHARDS = "builds", "shards"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about a collection: a look, or the fact named by `fact`.

    `points` are those of the last snapshot.
    """

    namespace: Namespace
    cluster: Cluster
    fact: str = ""
    points: int = 0


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact beside a snapshot; `told` is None if the server does not tell it."""

    namespace: Namespace
    kind: str
    told: dict[str, Any] | None


def fact_due(before: Snapshot | None) -> str:
    """Return the fact that is asked in place of a look; empty for the look itself."""
    if before is None or not before.ok or before.age_s >= _RECENT_S:
        return ""
    vectors = before.live.vectors if before.live is not None else ()
    kinds = (BUILDS, SHARDS, *(f"{VECTOR_COUNT_PREFIX}{v}" for v in vectors))
    due = (kind for kind in kinds if before.fact_age_s(kind) > _every_s(kind, before))
    return next(due, "")


def _every_s(kind: str, before: Snapshot) -> float:
    """Return the interval of a fact; progress is asked often while Qdrant optimizes."""
    is_busy = before.live is not None and before.live.status in ("yellow", "grey")
    return probe.PROBE_INTERVAL_S if kind == BUILDS and is_busy else _SLOW_S


class Asker:
    """The threads of one turn on one cluster, with its breaker.

    Until a first answer the questions go out one by one, so that a silent cluster is
    asked twice and not twelve times. Later a few silent ones say nothing of the
    cluster: they end their wait last, after many others that answered. `left` are the
    ids of namespaces that were not asked because of the breaker.
    """

    def __init__(self) -> None:
        self._threads = ExitStack()
        self._pool = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="sample")
        self._lock = Lock()
        self._has_answered = False
        self.left = set[str]()
        # Of the questions of one `ask`.
        self._silent = self._answered = 0

    def __enter__(self) -> Self:
        self._threads.enter_context(self._pool)
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.close()

    @property
    def has_answered(self) -> bool:
        """Whether the cluster answered any question of the turn."""
        return self._has_answered

    @property
    def is_broken(self) -> bool:
        """Whether the cluster left so many questions open that none is worth asking."""
        if not self._has_answered:
            return self._silent >= _MOST_SILENT
        return self._silent >= max(IN_FLIGHT, self._answered)

    def ask(self, questions: Sequence[Question]) -> list[Answer | Fact]:
        """Return the answers; a question that another process asks has none."""
        first, answers = 0, list[Answer | Fact | None]()
        if self._has_answered:
            self._silent = self._answered = 0
        while first < len(questions) and not self._has_answered:
            answers.append(self._ask(questions[first]))
            first += 1
        answers += self._pool.map(self._ask, questions[first:])
        return [answer for answer in answers if answer is not None]

    def _ask(self, question: Question) -> Answer | Fact | None:
        key = question.namespace.namespace_id
        if self.is_broken:
            self.left.add(key)
            return None
        if not probe.claim(key):
            return None
        if question.fact:
            return self._ask_fact(question)
        return self._look(question)

    def _look(self, question: Question) -> Answer:
        at, began = timezone.now(), time.perf_counter()
        found, error = None, ""
        try:
            with probe.track_reachability(question.cluster):
                found = collections.get(
                    question.cluster,
                    question.namespace.collection,
                    timeout_s=settings.NSADMIN_SAMPLE_TIMEOUT_S,
                )
        except NsadminError as failure:
            error = failure.message
            self._note(failure)
        else:
            self._note(None)
        took = (time.perf_counter() - began) * 1000
        return Answer(question.namespace, at, found, error, took)

    def _ask_fact(self, question: Question) -> Fact | None:
        try:
            told = _told(question)
        except NsadminError as failure:
            self._note(failure)
            return None
        self._note(None)
        return Fact(question.namespace, question.fact, told)

    def _note(self, failure: NsadminError | None) -> None:
        is_silent = isinstance(failure, Unavailable) and not failure.details.get(
            "status"
        )
        with self._lock:
            self._silent += is_silent
            self._answered += not is_silent
            self._has_answered |= not is_silent


def _told(question: Question) -> dict[str, Any] | None:
    cluster, name = question.cluster, question.namespace.collection
    if question.fact.startswith(VECTOR_COUNT_PREFIX):
        vector = question.fact.removeprefix(VECTOR_COUNT_PREFIX)
        return vector_coverage.counted(cluster, name, vector, question.points)
    ask = telemetry.optimizations if question.fact == BUILDS else telemetry.shards
    with probe.track_reachability(cluster):
        found = ask(cluster, name, timeout_s=settings.NSADMIN_SAMPLE_TIMEOUT_S)
    return asdict(found) if found else None


def age_s(before: Snapshot | None) -> float:
    """Return the age of a look; infinite for none, and for one without an answer."""
    return before.age_s if before is not None and before.ok else math.inf
