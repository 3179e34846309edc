"""Many viewers of health panels: few requests to Qdrant, and no waiting for it."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from django.conf import settings as configured
from django.db import connection
from django.test import Client

from nsadmin.access.models import Membership, User
from nsadmin.health.sampling.sampler import sample
from nsadmin.namespaces.models import LastLook, MirroredNamespace
from nsadmin.stores import redis
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import make_namespace
from tests.faults.viewers import running_viewers

HTMX = {"HX-Request": "true"}
BEAT_S = 5.0


@pytest.fixture
def cookie(organization) -> str:
    """A signed-in member's session."""
    user, _ = User.objects.get_or_create(
        email="viewer@watching.example", defaults={"name": "Viewer"}
    )
    Membership.objects.get_or_create(
        user=user, organization=organization, defaults={"role": "member"}
    )
    client = Client()
    client.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return client.cookies["sessionid"].value


@pytest.fixture
def namespaces(organization) -> Iterator[list]:
    """Three namespaces with collections of their own, and no others."""
    redis.client().flushdb()
    MirroredNamespace.objects.all().delete()
    LastLook.objects.all().delete()
    made = [make_namespace(organization, f"watched {n}") for n in range(3)]
    yield made
    for namespace in made:
        store.delete(namespace.namespace_id, revision=namespace.revision)
        collections.drop(shared(), namespace.collection)


@pytest.fixture
def watching(cookie, namespaces):
    """The session of the viewers, and the namespaces that they watch."""
    return cookie, namespaces


@pytest.fixture
def processes(region, organization) -> Iterator[list]:
    """Two processes of viewers, behind the same proxies."""
    env = {
        "NSADMIN_SECRET_KEY": configured.SECRET_KEY,
        "NSADMIN_KEY_PEPPER": configured.NSADMIN_KEY_PEPPER,
        "NSADMIN_SEAL_KEYS": ",".join(configured.NSADMIN_SEAL_KEYS),
        "NSADMIN_MONGODB_URL": region.mongodb_url,
        "NSADMIN_QDRANT_URL": region.qdrant_url,
        "NSADMIN_QDRANT_API_KEY": configured.NSADMIN_QDRANT_API_KEY,
        "NSADMIN_REDIS_URL": region.redis_url,
        "NSADMIN_LOG_LEVEL": "ERROR",
        "DATABASE_URL": region.database.url,
    }
    with ExitStack() as stack:
        yield [stack.enter_context(running_viewers(env)) for _ in range(2)]


@contextmanager
def beating() -> Iterator[None]:
    """Run the health sample every five seconds, as the schedule does."""
    over = threading.Event()

    def beat():
        while not over.is_set():
            sample()
            over.wait(BEAT_S)
        connection.close()

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def panel(namespace):
    return f"/namespaces/{namespace.namespace_id}/health/"


def order(cookie, paths, **more):
    return {"cookie": cookie, "paths": paths, "headers": HTMX, "pause": 0.5, **more}


def together(processes, order):
    """Have all of them look at once; return all answers."""
    for process in processes:
        process.look(**order)
    return [process.answers() for process in processes]


@pytest.mark.parametrize(
    ("viewers", "looking"),
    [
        pytest.param(1, {"pause": 0.5, "seconds": 6}, marks=pytest.mark.faults),
        pytest.param(20, {"pause": 0.5, "seconds": 6}, marks=pytest.mark.faults),
        pytest.param(100, {"pause": 0.5, "seconds": 6}, marks=pytest.mark.faults),
        pytest.param(1_000, {"pause": 5, "seconds": 20}, marks=pytest.mark.faults),
    ],
)
def test_however_many_look_qdrant_is_asked_once_in_five_seconds(
    region, watching, processes, viewers, looking
):
    cookie, namespaces = watching
    paths = [panel(namespaces[0])]
    warm = order(cookie, paths, threads=1, seconds=0.1)
    together(processes, warm)
    redis.client().flushdb()
    LastLook.objects.all().delete()
    together(processes, {**warm, "paths": ["/namespaces/"]})  # the session is back
    only = namespaces[0].namespace_id  # so that every question is of one collection
    MirroredNamespace.objects.exclude(pk=only).delete()
    region.exchanges.expect()
    began = time.monotonic()
    with beating():
        for nth, process in enumerate(processes):
            crowd = {**looking, "threads": (viewers + nth) // 2}
            process.look(**order(cookie, paths, **crowd))
        answered = [process.answers() for process in processes]
        took = time.monotonic() - began
        counted = [e.asks for e in region.exchanges.seen if e.store == "qdrant"]
    assert sum(len(found[paths[0]]) for found in answered) >= viewers
    assert {status for found in answered for status, _ in found[paths[0]]} <= {200, 204}
    # What is asked of the server as a whole is not asked of the collection.
    of_all = sum(
        counted.count(ask) for ask in ("GET /", "GET /metrics", "GET /telemetry")
    )
    # The vector is counted once, since it never was; then each 30 s.
    of_vectors = counted.count("POST /points/count")
    assert of_vectors <= took // 30 + 1
    assert 1 <= len(counted) - of_all - of_vectors <= took // 5 + 1
    assert counted.count("GET /") <= took // BEAT_S + 1


@pytest.mark.faults
def test_a_qdrant_that_never_answers_slows_nobody_and_is_back_in_ten_seconds(
    region, cookie, namespaces, processes
):
    others = order(cookie, ["/namespaces/", "/jobs/"], threads=1, seconds=12)
    panels = order(cookie, [panel(n) for n in namespaces], threads=4, seconds=12)

    def p95_of_other_pages():
        viewers, readers = processes
        viewers.look(**panels)
        readers.look(**others)
        seen, read = viewers.answers(), readers.answers()
        waits = sorted(took for answers in read.values() for _, took in answers)
        slowest = max(took for answers in seen.values() for _, took in answers)
        return waits[int(len(waits) * 0.95)], slowest

    with beating():
        together(processes, {**panels, "seconds": 0.1, "threads": 1})
        healthy, _ = p95_of_other_pages()
        with region.exchanges.frozen("qdrant"):
            hung, slowest = p95_of_other_pages()
            states = set(MirroredNamespace.objects.values_list("health", flat=True))
            assert states == {"unknown"}
            assert LastLook.objects.count() == len(namespaces)
            assert LastLook.objects.filter(live=None).count() == 0
        healed = time.monotonic()
        while MirroredNamespace.objects.exclude(health="ready").exists():
            assert time.monotonic() - healed < 10
            time.sleep(0.1)
    assert hung <= 1.5 * healthy + 0.02, (hung, healthy)
    assert slowest < 1.5
