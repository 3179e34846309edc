"""What others notice of five hundred clones of a cluster that never answers; printed."""

import time
from collections.abc import Callable

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from nsadmin.jobs.models import Job, ScheduleRun, State
from nsadmin.stores.mongo import namespaces as store
from tests.bench.peers import queued
from tests.bench.peers.neighbor import note, times
from tests.bench.peers.street import SLOTS, Street
from tests.faults import clones
from tests.faults.plant import until
from tests.hostile.cluster import HEALTHY

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]
# The clones that the attacker's organization queues.
MANY = 500
# Rounds in which there are clones and none by turns, and the pages of each; so long
# it takes until the first clones have met the hanging cluster.
QUEUE_ROUNDS, PAGES, SETTLE_S = 4, 50, 4
LONG_S = 30
HANGING = "never"


def _queue_many(street: Street) -> None:
    """Many clones of the attacker's cluster, which does not answer from now on.

    The first one is asked for as anybody does, while the cluster answers.
    """
    _queue_none(street)
    name = f"queued {time.monotonic_ns()}"
    first = clones.begin(street.attackers, street.attacked, name)
    target = store.get(first.namespace_id)
    assert target is not None
    street.hostile.mode = HANGING
    queued.fill(first, {**target, "clone_status": "cloning"}, MANY - 1)
    asked = len(street.hostile.asked)
    until(lambda: len(street.hostile.asked) >= asked + SLOTS, "the cluster is asked")


def _queue_none(street: Street) -> None:
    street.hostile.mode = HEALTHY
    queued.empty(street.attackers.internal_id)
    street.hostile.hang_up()


def _say_how_they_hang(street: Street, asked: int, *, seconds: float) -> None:
    """Print what became of the queue, whose jobs would else not load the workers."""
    mine = Job.objects.filter(internal_id=street.attackers.internal_id)
    failed = mine.filter(state=State.FAILED)
    print(
        f"{len(street.hostile.asked) - asked} requests hung in {seconds:.0f} s;",
        f"{mine.filter(waits__gt=0).count()} clones wait for the cluster,",
        f"{failed.count()} failed",
        *failed.values_list("error", flat=True)[:1],
    )


def test_what_five_hundred_queued_clones_of_one_organization_delay(street: Street):
    """Figure 6: another's clone, heal and the mirror, with and without them."""
    names = iter(range(1000))

    def clone_starts() -> None:
        job = clones.begin(street.others, street.ordinary, f"beside {next(names)}")
        until(lambda: clones.refreshed(job).started_at, "the clone starts")

    def runs_again(name: str) -> None:
        later = ScheduleRun.objects.filter(name=name, started_at__gt=timezone.now())
        until(later.exists, f"{name} runs")

    period_s = django_settings.CELERY_BEAT_SCHEDULE["reconcile"]["schedule"]
    calls: dict[str, tuple[Callable[[], object], int, float]] = {
        "a clone starts": (clone_starts, 3, 5),
        "heal runs": (lambda: runs_again("heal"), 2, 10),
        "the mirror runs": (lambda: runs_again("reconcile"), 1, period_s),
    }
    taken: dict[tuple[str, bool], list[float]] = {}
    for _ in range(2):
        for is_full, prepare in ((False, _queue_none), (True, _queue_many)):
            prepare(street)
            began, asked = time.monotonic(), len(street.hostile.asked)
            for what, (call, count, limit_s) in calls.items():
                # Of a schedule that is waited for for long, the limit is enough.
                if is_full or limit_s < LONG_S:
                    more = times(call, count=count)
                    taken.setdefault((what, is_full), []).extend(more)
            if is_full:
                took_s = time.monotonic() - began
                _say_how_they_hang(street, asked, seconds=took_s)
    _queue_none(street)
    for what, (_call, _count, limit_s) in calls.items():
        title = f"p95 {what}, {MANY} queued / none"
        if (what, False) in taken:
            note(title, taken[what, True], taken[what, False])
        note(f"{title}: limit", taken[what, True], [limit_s])


def test_pages_of_another_organization_beside_five_hundred_queued_clones(
    street: Street,
):
    """Figure 6: its pages, by the clock and by the CPU of the web server.

    Beside them a computation of some milliseconds, which asks nothing of anybody: its
    ratio is what other work on the machine does to such a comparison.
    """
    own = f"/namespaces/{street.ordinary.namespace_id}/"
    paths = {"overview page": own, "list page": "/namespaces/"}
    for path in paths.values():
        times(lambda: street.other.ask(path), count=PAGES)  # noqa: B023
    taken: dict[tuple[str, bool], list[float]] = {}
    cpu: dict[tuple[str, bool], float] = {}
    alone: dict[bool, list[float]] = {False: [], True: []}
    turns = [(False, _queue_none), (True, _queue_many)]
    for _ in range(QUEUE_ROUNDS):
        for is_full, prepare in turns:
            prepare(street)
            time.sleep(SETTLE_S)
            began, asked = time.monotonic(), len(street.hostile.asked)
            for what, path in paths.items():
                before = street.server.cpu_s()
                for _ in range(PAGES):
                    more = times(lambda: street.other.ask(path), count=1)  # noqa: B023
                    taken.setdefault((what, is_full), []).extend(more)
                    alone[is_full] += times(lambda: sum(range(500_000)), count=1)
                used = street.server.cpu_s() - before
                cpu[what, is_full] = cpu.get((what, is_full), 0.0) + used
            if is_full:
                took_s = time.monotonic() - began
                _say_how_they_hang(street, asked, seconds=took_s)
        turns.reverse()
    _queue_none(street)
    for what in paths:
        note(
            f"p95 {what}, {MANY} queued / none",
            taken[what, True],
            taken[what, False],
            cpu[what, True] / cpu[what, False],
        )
    note(f"p95 a computation alone, {MANY} queued / none", alone[True], alone[False])
