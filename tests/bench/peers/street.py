"""Two organizations on one installation; the cluster of one is hostile."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from nsadmin.access.actor import Actor
from nsadmin.access.models import Organization
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.mongo.connection import close
from tests.bench.peers.neighbor import Guest, WebServer, crowd, guest, web
from tests.cast import make_namespace
from tests.conftest import Servers
from tests.faults import clones, database
from tests.faults.plant import Plant, inside, running_plant
from tests.hostile.cluster import HEALTHY, HostileCluster

# The slots of an organization.
SLOTS = 3
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
        # As docs/jobs.md has it: more workers for jobs than an organization has slots,
        # and one of the control queue beside the sweeper's.
        for _ in range(SLOTS + 1):
            plant.workers.start()
        plant.workers.start_queue("control", "--pool", "solo")
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
