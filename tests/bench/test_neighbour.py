"""What another organization notices of a hostile cluster; printed, not asserted."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.models import Organization
from nsadmin.health.sampling import sampler
from nsadmin.jobs.models import Job, ScheduleRun, State
from nsadmin.namespaces.mirror import comparison
from nsadmin.namespaces.models import LastLook
from nsadmin.namespaces.placement.cluster_share import SHARED
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores import redis
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo.connection import close
from nsadmin.stores.qdrant.cluster import shared
from tests.bench.peers import queued
from tests.bench.peers.neighbour import (
    Guest,
    WebServer,
    crowd,
    guest,
    note,
    times,
    web,
)
from tests.cast import make_namespace
from tests.conftest import Servers
from tests.faults import clones, database
from tests.faults.plant import Plant, inside, running_plant, until
from tests.hostile.cluster import HEALTHY, HostileCluster

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]
ROUNDS = 3
CALLS = 20
# The slots of the attacker's organization, and how many clones it queues.
SLOTS, MANY = 3, 500
# Rounds in which there are clones and none by turns, and the pages of each; so long
# it takes until the first clones have met the hanging cluster.
QUEUE_ROUNDS, PAGES, SETTLE_S = 4, 50, 4
LONG_S = 30
HANGING = "never"
PEOPLE = 4


@dataclass(frozen=True)
class Street:
    """Two organizations on one installation; `hostile` is the cluster of the first."""

    plant: Plant
    server: WebServer
    hostile: HostileCluster
    attacker: Guest
    attackers: Actor
    attacked: Namespace
    other: Guest
    others: Actor
    ordinary: Namespace

    def crowd(self):
        """People who open the attacker's pages."""
        own = f"/namespaces/{self.attacked.namespace_id}/"
        paths = [own, f"/v1/namespaces/{self.attacked.namespace_id}/stats"]
        return crowd(self.attacker, paths, people=PEOPLE)


@pytest.fixture(scope="module")
def hostile() -> Iterator[HostileCluster]:
    with HostileCluster() as found:
        yield found


@pytest.fixture(scope="module")
def site(
    _wired: Servers, empty_rows: database.Rows, hostile, django_db_blocker
) -> Iterator[tuple[Plant, WebServer]]:
    from django.conf import settings

    base, mark, options = _wired.mongodb_url.partition("?")
    listed = f"127.0.0.1:{hostile.port}=*"
    with (
        django_db_blocker.unblock(),
        database.copy(empty_rows) as rows,
        running_plant(
            f"{base}_street{mark}{options}",
            settings,
            rows,
            NSADMIN_CLUSTER_HOSTS=listed,
        ) as plant,
        web(plant) as server,
    ):
        plant.workers.start()
        plant.workers.start()
        plant.workers.start_queue("maintenance", "--pool", "threads")
        processes = ("--pool", "prefork", "--concurrency", "4")
        plant.workers.start_queue("sampling", "--pool", "solo")
        plant.workers.start_queue("clusters", *processes)
        plant.workers.start_queue("transfers", *processes)
        yield plant, server


@pytest.fixture
def street(site: tuple[Plant, WebServer], hostile, settings, db) -> Iterator[Street]:
    plant, server = site
    port = server.port
    settings.NSADMIN_CLUSTER_HOSTS = [f"127.0.0.1:{hostile.port}=*"]
    settings.SECRET_KEY = plant.env["NSADMIN_SECRET_KEY"]
    hostile.mode = HEALTHY
    with inside(plant, settings):
        attackers, others = plant.actor(), plant.actor()
        a, b = (
            Organization.objects.get(organization_id=actor.organization_id)
            for actor in (attackers, others)
        )
        infrastructure = {"compute_tier": "dedicated_cpu", "qdrant_url": hostile.url}
        attacked = make_namespace(
            a, "on it", in_qdrant=False, infrastructure=infrastructure
        )
        ordinary = clones.make_source(others, "ordinary", count=100)
        yield Street(
            plant, server, hostile, guest(port, a), attackers, attacked,
            guest(port, b), others, ordinary,
        )  # fmt: skip
    close()


@pytest.mark.parametrize("mode", ["drip", "never"])
def test_pages_of_another_organization(street: Street, mode: str):
    """The pages of one, while four people open those of a hostile or healthy cluster."""
    place = street.ordinary.namespace_id
    paths = {
        "overview page": f"/namespaces/{place}/",
        "stats": f"/v1/namespaces/{place}/stats",
        "list page": "/namespaces/",
    }
    for path in paths.values():
        for _ in range(10):
            assert street.other.ask(path) == 200, path
    taken: dict[tuple[str, str], list[float]] = {}
    for _ in range(ROUNDS):
        for now in (HEALTHY, mode):
            street.hostile.mode = now
            with street.crowd():
                for what, path in paths.items():
                    more = times(lambda: street.other.ask(path), count=CALLS)  # noqa: B023
                    taken.setdefault((what, now), []).extend(more)
    for what in paths:
        note(
            f"p95 {what} of B, A's cluster: {mode} / healthy",
            taken[what, mode],
            taken[what, HEALTHY],
        )


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


@pytest.mark.parametrize("mode", ["drip", "never"])
def test_schedules_and_clones_of_another_organization(street: Street, mode: str):
    """Reconcile, shared sampling and a clone, beside twelve clones of that cluster."""
    for number in range(100):
        owner = Organization.objects.get(organization_id=street.others.organization_id)
        make_namespace(owner, f"many {number}", in_qdrant=False)

    def sample() -> None:
        LastLook.objects.all().delete()
        redis.release(f"probe:{shared().url}")
        sampler.sample(SHARED)

    names = iter(range(1000))

    def clone() -> None:
        name = f"clone {mode} {next(names)}"
        job = clones.begin(street.others, street.ordinary, name)
        until(lambda: not clones.refreshed(job).is_live, "the clone ends")

    calls: dict[str, tuple[Callable[[], object], int]] = {
        "reconcile": (comparison.reconcile, 8),
        "shared sampling": (sample, 6),
        "clone of 100 points": (clone, 3),
    }
    taken: dict[tuple[str, str], list[float]] = {}

    def measure(now: str) -> None:
        for what, (call, count) in calls.items():
            call()
            with street.crowd():
                taken[what, now] = times(call, count=count)

    measure(HEALTHY)
    street.hostile.mode = mode
    asked = len(street.hostile.asked)
    for number in range(12):
        clones.begin(street.attackers, street.attacked, f"hanging {number}")
    until(lambda: len(street.hostile.asked) > asked, "the cluster is asked")
    measure(mode)
    for what in calls:
        note(
            f"p95 {what}, A's cluster: {mode} / healthy",
            taken[what, mode],
            taken[what, HEALTHY],
        )
