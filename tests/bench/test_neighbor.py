"""What another organization notices of a hostile cluster; printed, not asserted."""

from collections.abc import Callable

import pytest

from nsadmin.access.models import Organization
from nsadmin.health.sampling import sampler
from nsadmin.namespaces.mirror import comparison
from nsadmin.namespaces.models import LastLook
from nsadmin.namespaces.placement.cluster_share import SHARED
from nsadmin.stores import redis
from nsadmin.stores.qdrant.cluster import shared
from tests.bench.peers.neighbor import note, times
from tests.bench.peers.street import Street
from tests.cast import make_namespace
from tests.faults import clones
from tests.faults.plant import until
from tests.hostile.cluster import HEALTHY

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]
ROUNDS = 3
CALLS = 20


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
