"""One member's clones of a hanging cluster delay nobody else, with real workers."""

import time
from collections.abc import Iterator, Mapping
from datetime import datetime

import pytest
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.models import Organization
from nsadmin.jobs import places
from nsadmin.jobs.execution.cancellation import cancel
from nsadmin.jobs.models import LIVE, Job, ScheduleRun, State
from nsadmin.jobs.queues import CLUSTERS, MAINTENANCE, SAMPLING, TRANSFERS
from nsadmin.jobs.schedules import beat
from nsadmin.namespaces.models import MirroredNamespace, MirrorFill
from nsadmin.namespaces.placement.clusters import seal_key
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.infrastructure import SEALED_FIELD
from nsadmin.stores.mongo import namespaces as store
from tests.bench.peers import queued
from tests.cast import make_namespace
from tests.dedicated import KEY, OwnCluster
from tests.faults import clones
from tests.faults.plant import SLOWNESS, Plant, send, until
from tests.hostile.cluster import HEALTHY, HostileCluster

POINTS = 50
# Twice as many clones as slots, some more behind them, and a whole queue.
FEW, SOME, MANY = 6, 40, 500
# More than any of these takes on a loaded machine, less than one call may hang.
NOT_BLOCKED_S = 30
HANGING = "drip"
RECONCILE = "nsadmin.namespaces.reconcile"
CLONE, HEAL, MIRROR, SAMPLE = "a clone starts", "heal", "the mirror", "sampling"
# Seconds that each may take beside the clones of another organization. A document that
# is written just after a comparison began waits for the next one, a period later, which
# has to start as well.
STARTS_S = 5
PROMISED_S = {CLONE: STARTS_S, HEAL: 10, SAMPLE: 10}


@pytest.fixture(scope="module")
def hostile() -> Iterator[HostileCluster]:
    """A cluster that never ends an answer."""
    with HostileCluster(HANGING) as found:
        yield found


@pytest.fixture(scope="module")
def second(_second_qdrant: OwnCluster) -> OwnCluster:
    """A healthy cluster of another organization."""
    return _second_qdrant


@pytest.fixture(scope="module")
def listed(hostile: HostileCluster, second: OwnCluster) -> list[str]:
    """The entries of NSADMIN_CLUSTER_HOSTS."""
    return [f"127.0.0.1:{hostile.port}=*", second.listed]


@pytest.fixture(scope="module")
def plant_env(listed: list[str]) -> dict[str, str]:
    """The operator lists the clusters."""
    return {"NSADMIN_CLUSTER_HOSTS": ",".join(listed)}


@pytest.fixture
def staffed(plant: Plant, listed: list[str], settings) -> Iterator[Plant]:
    """The plant with a worker for each queue, as the README starts them."""
    settings.NSADMIN_CLUSTER_HOSTS = listed
    if not plant.workers.pids:
        for _ in range(2):
            plant.workers.start()
        threads = ("--pool", "threads", "--concurrency", "3")
        plant.workers.start_queue(MAINTENANCE, *threads)
        plant.workers.start_queue(SAMPLING, "--pool", "solo")
        processes = ("--pool", "prefork", "--concurrency", "4")
        plant.workers.start_queue(CLUSTERS, *processes)
        plant.workers.start_queue(TRANSFERS, *processes)
    yield plant
    for job in Job.objects.filter(state__in=LIVE):
        cancel(job)


@pytest.fixture
def attacker(staffed: Plant, hostile: HostileCluster) -> Iterator[Actor]:
    """A member of the organization whose cluster hangs."""
    actor = staffed.actor()
    yield actor
    hostile.mode = HEALTHY
    queued.empty(actor.internal_id)
    hostile.hang_up()


@pytest.fixture
def other(staffed: Plant) -> Actor:
    """A member of another organization."""
    return staffed.actor()


def _on(cluster_url: str, actor: Actor, name: str) -> Namespace:
    organization = Organization.objects.get(organization_id=actor.organization_id)
    return make_namespace(
        organization,
        name,
        in_qdrant=False,
        infrastructure={"compute_tier": "dedicated_cpu", "qdrant_url": cluster_url},
    )


def _move(namespace: Namespace, cluster: OwnCluster) -> None:
    """Let the document say that the collection is on its organization's cluster."""
    raw = store.get(namespace.namespace_id)
    sealed = seal_key(
        KEY,
        internal_id=namespace.internal_id,
        namespace_id=namespace.namespace_id,
        url=cluster.url,
    )
    infrastructure = {
        "compute_tier": "dedicated_cpu",
        "qdrant_collection": namespace.collection,
        "qdrant_url": cluster.url,
        SEALED_FIELD: sealed,
    }
    moved = {"infrastructure": infrastructure, "revision": raw["revision"] + 1}
    assert store.replace(raw, {**raw, **moved})


def _hang(attacker: Actor, hostile: HostileCluster, number: int = FEW) -> list[Job]:
    """Clones of the hanging cluster, some of which are waiting for it now.

    The first few are asked for as usual; the others are copies of the last of them.
    """
    # Begun while it answers: each request that hangs would be waited for.
    hostile.mode = HEALTHY
    source = _on(hostile.url, attacker, "hanging")
    jobs = [clones.begin(attacker, source, f"clone {n}") for n in range(FEW)]
    target = store.get(jobs[-1].namespace_id)
    assert target is not None
    hostile.mode = HANGING
    asked = len(hostile.asked)
    assert {job.queue for job in jobs} == {TRANSFERS}
    until(lambda: len(hostile.asked) >= asked + 2, "the cluster is asked")
    if number > FEW:
        likewise = {**target, "clone_status": "cloning"}
        jobs += queued.fill(jobs[-1], likewise, number - FEW)
    return jobs


def _clone(actor: Actor, source: Namespace, name: str) -> float:
    """Clone the source; return after how many seconds the clone was there."""
    begun = time.monotonic()
    job = clones.begin(actor, source, name)
    until(lambda: not clones.refreshed(job).is_live, f"the clone “{name}” ends")
    took = time.monotonic() - begun
    assert (job.state, job.error) == (State.DONE, "")
    return took


def _let_a_comparison_be_due() -> None:
    """Have the next run of the schedule compare, whenever the last one did."""
    MirrorFill.objects.all().delete()


def _mirrored_s(organization_id: str, *, is_asked: bool) -> float:
    """Return after how many seconds another program's document is in the mirror.

    The schedule is asked for a run, or runs when its period is over.
    """
    organization = Organization.objects.get(organization_id=organization_id)
    made = make_namespace(organization, f"found {time.monotonic_ns()}", in_qdrant=False)
    mirrored = MirroredNamespace.objects.filter(pk=made.namespace_id)
    mirrored.delete()
    if is_asked:
        _let_a_comparison_be_due()
        send(RECONCILE)
    return until(mirrored.exists, "the document is in the mirror", within_s=400)


def _started_s(actor: Actor, source: Namespace, name: str) -> float:
    """Ask for a clone; return after how many seconds a worker has begun it."""
    job = clones.begin(actor, source, name)
    return until(lambda: clones.refreshed(job).started_at, f"“{name}” starts")


def _next_run_s(name: str, since: datetime) -> float:
    """Return after how many seconds since then a schedule has begun another run."""
    later = ScheduleRun.objects.filter(name=name, started_at__gt=since)
    until(later.exists, f"{name} runs")
    return (later.earliest("started_at").started_at - since).total_seconds()


def _taken_s(other: Actor, *, beside: str, is_asked: bool) -> Mapping[str, float]:
    """Return the seconds until a clone of another organization and each schedule ran."""
    source = make_namespace(
        Organization.objects.get(organization_id=other.organization_id),
        f"ordinary {time.monotonic_ns()}",
        point_count=POINTS,
    )
    since = timezone.now()
    taken = {
        CLONE: _started_s(other, source, f"beside {time.monotonic_ns()}"),
        HEAL: _next_run_s("heal", since),
        SAMPLE: _next_run_s("sample", since),
        MIRROR: _mirrored_s(other.organization_id, is_asked=is_asked),
    }
    print(
        *(f"{what} after {s:.1f} s," for what, s in taken.items()), f"beside {beside}"
    )
    return taken


def _require_no_more_than_its_slots(attacker: Actor) -> None:
    holders = Job.objects.filter(slot__isnull=False)
    assert holders.filter(organization_id=attacker.organization_id).count() <= 3


def test_clones_of_a_hanging_cluster_delay_neither_others_nor_schedules(
    staffed: Plant, attacker: Actor, other: Actor, hostile: HostileCluster
):
    jobs = _hang(attacker, hostile, SOME)
    taken = _taken_s(other, beside="a few", is_asked=True)
    assert max(taken.values()) < NOT_BLOCKED_S
    _require_no_more_than_its_slots(attacker)
    assert clones.refreshed(jobs[-1]).state == State.QUEUED


@pytest.mark.faults
@pytest.mark.timeout(1500)
def test_five_hundred_clones_of_a_hanging_cluster_delay_neither_others_nor_schedules(
    staffed: Plant, attacker: Actor, other: Actor, hostile: HostileCluster
):
    promised_s = {**PROMISED_S, MIRROR: beat.period_s("reconcile") + STARTS_S}
    _let_a_comparison_be_due()
    jobs = _hang(attacker, hostile, MANY)
    for _ in range(3):
        taken = _taken_s(other, beside="five hundred", is_asked=False)
        late = {k: s for k, s in taken.items() if s > promised_s[k] * SLOWNESS}
        assert not late
        _require_no_more_than_its_slots(attacker)
    last = clones.refreshed(jobs[-1])
    assert last.state == State.QUEUED
    place = places.of_one(last)
    assert place is not None
    assert (place.position, place.slots) == (place.waiting, 3)


@pytest.mark.faults
def test_a_clone_from_another_organizations_own_cluster_goes_on(
    staffed: Plant,
    attacker: Actor,
    other: Actor,
    hostile: HostileCluster,
    second: OwnCluster,
):
    organization = Organization.objects.get(organization_id=other.organization_id)
    source = make_namespace(organization, "on its own cluster", point_count=POINTS)
    second.receive(source)
    _move(source, second)
    _clone(other, source, "warming up")
    alone_s = _clone(other, source, "alone")
    _hang(attacker, hostile)
    beside_s = _clone(other, source, "beside the others")
    print(f"clone {alone_s:.1f} s alone, {beside_s:.1f} s beside the others")
    assert beside_s < NOT_BLOCKED_S
