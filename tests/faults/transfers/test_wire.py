"""Refusals, cuts and restarts between real workers and the server they copy on."""

import json
import random
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import pytest

from nsadmin.access.actor import Actor
from nsadmin.jobs.models import Job, State
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from tests.clones.independent import Answer, Asked, Proxy, refusal
from tests.faults import clones
from tests.faults.plant import DATA_KEY, Plant, until
from tests.faults.transfers import remains
from tests.transfer.cuts import DOWNLOAD, UPLOAD, Relay

_COUNT: Final = 300
_CUTS: Final = 3
_NO_SPACE: Final = "No space left on device (os error 28)"


@pytest.fixture
def actor(plant: Plant) -> Actor:
    """A member; a test starts its own workers."""
    return plant.actor()


@pytest.fixture
def source(plant: Plant, actor: Actor) -> Iterator[Namespace]:
    """A namespace to clone."""
    yield clones.make_source(actor, "source", count=_COUNT)
    plant.workers.employ(0)


@pytest.fixture
def proxy(plant: Plant) -> Iterator[Proxy]:
    """A proxy before the server, for workers alone."""
    with Proxy(plant.qdrant.url).running() as made:
        yield made


@pytest.fixture
def relay(plant: Plant) -> Iterator[Relay]:
    """A relay before the server that cuts streams, for workers alone."""
    with Relay(plant.qdrant.url).running() as made:
        yield made


def _is_snapshot(asked: Asked) -> bool:
    return asked.method == "POST" and asked.path.endswith("/snapshots?wait=true")


def _is_recovery(asked: Asked) -> bool:
    return "/snapshots/recover" in asked.path


def _clone(plant: Plant, actor: Actor, source: Namespace) -> Job:
    """Clone, and require a right clone that left nothing; the ended job comes back."""
    known = set(collections.names(shared()))
    job = clones.begin(actor, source, f"through faults {len(known)}")
    until(lambda: not clones.refreshed(job).is_live, "the clone ends", within_s=120)
    clones.require_complete(source, job)
    remains.require_none(shared(), known | {job.namespace_id})
    remains.require_no_staging(plant.qdrant_dir)
    return job


def _reasons(job: Job) -> str:
    return " ".join(job.outputs["transfer"]["reasons"])


def _spoil(asked: Asked) -> Answer | None:
    if _is_recovery(asked):
        asked.body = json.dumps({**asked.json, "checksum": "0" * 64}).encode()
    return None


Rule = Callable[[Asked], Answer | None]
Harm = Callable[[], object]

REFUSALS: Final[dict[str, tuple[Rule, str]]] = {
    "disk full at the snapshot": (
        lambda asked: refusal(500, _NO_SPACE) if _is_snapshot(asked) else None,
        "the server's disk is full",
    ),
    "disk full at the target": (
        lambda asked: refusal(500, _NO_SPACE) if _is_recovery(asked) else None,
        "the server's disk is full",
    ),
    "refused": (
        lambda asked: refusal(400, "no") if _is_recovery(asked) else None,
        "the server refused it",
    ),
    "checksum": (_spoil, "its checksum was wrong twice"),
}


@pytest.mark.faults
@pytest.mark.parametrize("refused", REFUSALS)
def test_what_a_server_refuses_becomes_another_way(
    plant: Plant, actor: Actor, source: Namespace, proxy: Proxy, refused: str
) -> None:
    proxy.rule, reason = REFUSALS[refused]
    plant.workers.employ(
        1, NSADMIN_QDRANT_URL=proxy.url, NSADMIN_TRANSFER_WAYS=["snapshot"]
    )
    job = _clone(plant, actor, source)
    assert job.outputs["transfer"]["way"] == "pages"
    assert reason in _reasons(job)


def test_a_key_that_may_not_snapshot_still_clones(
    plant: Plant, actor: Actor, source: Namespace
) -> None:
    plant.workers.employ(1, NSADMIN_QDRANT_API_KEY=DATA_KEY)
    job = _clone(plant, actor, source)
    assert job.outputs["transfer"]["way"] == "pages"
    assert _reasons(job).count("the key may not do it") == 2


@pytest.mark.faults
def test_a_server_that_restarts_during_recovery_is_waited_for(
    plant: Plant, actor: Actor, source: Namespace, proxy: Proxy
) -> None:
    chance, restarts = random.Random(3), list[threading.Timer]()

    def restart() -> None:
        plant.qdrant.kill()
        plant.qdrant.restart()

    def rule(asked: Asked) -> Answer | None:
        if _is_recovery(asked) and len(restarts) < 2:
            restarts.append(threading.Timer(chance.uniform(0, 0.05), restart))
            restarts[-1].start()
        return None

    proxy.rule = rule
    plant.workers.employ(
        1, NSADMIN_QDRANT_URL=proxy.url, NSADMIN_TRANSFER_WAYS=["snapshot"]
    )
    _clone(plant, actor, source)
    for timer in restarts:
        timer.join()
    assert restarts


@pytest.mark.faults
@pytest.mark.parametrize("kind", [DOWNLOAD, UPLOAD])
def test_a_stream_that_is_cut_anywhere_comes_again(
    plant: Plant, actor: Actor, source: Namespace, relay: Relay, kind: bytes
) -> None:
    plant.workers.employ(
        1, NSADMIN_QDRANT_URL=relay.url, NSADMIN_TRANSFER_WAYS=["stream"]
    )
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    chance, size = random.Random(seed), 500_000
    for _ in range(_CUTS):
        relay.cut(kind, after=chance.randrange(size))
        relay.cuts = relay.passed = 0
        job = _clone(plant, actor, source)
        size = relay.passed
        print(f"cut {relay.cuts}, {size:,} bytes, {job.outputs['transfer']['way']}")


@pytest.mark.faults
@pytest.mark.parametrize("way", ["snapshot", "stream", "pages"])
def test_a_collection_of_another_is_left_alone(
    plant: Plant, actor: Actor, source: Namespace, way: str
) -> None:
    plant.workers.employ(0)
    job = clones.begin(actor, source, "onto another")
    collections.create(shared(), job.namespace_id, {"theirs": (4, "cosine")})
    plant.workers.employ(1, NSADMIN_TRANSFER_WAYS=[way])
    until(lambda: not clones.refreshed(job).is_live, "the clone ends")
    assert job.state == State.FAILED
    until(lambda: clones.refreshed(job).settled, "it is settled")
    live = collections.get(shared(), job.namespace_id)
    assert live is not None
    assert set(live.vectors) == {"theirs"}
    remains.require_none(shared(), set(collections.names(shared())))


@pytest.fixture(params=["snapshot", "stream"])
def during(
    request: pytest.FixtureRequest, plant: Plant, proxy: Proxy, relay: Relay
) -> Callable[[Harm], None]:
    """Start a worker that copies in one way, and do something once under the copy."""

    def start(harm: Harm) -> None:
        left = [harm]

        def once() -> None:
            while left:
                left.pop()()

        def rule(asked: Asked) -> None:
            if _is_recovery(asked):
                once()

        proxy.rule, relay.on_stream = rule, once
        way: str = request.param
        url = proxy.url if way == "snapshot" else relay.url
        plant.workers.employ(1, NSADMIN_QDRANT_URL=url, NSADMIN_TRANSFER_WAYS=[way])

    return start


@pytest.mark.faults
@pytest.mark.parametrize("harm", ["deleted", "vector"])
def test_a_source_that_changes_under_a_transfer_has_a_defined_end(
    actor: Actor,
    source: Namespace,
    during: Callable[[Harm], None],
    harm: str,
) -> None:
    name = source.collection
    harms: dict[str, Harm] = {
        "deleted": partial(collections.drop, shared(), name),
        "vector": partial(
            collections.create_vector, shared(), name, "late", size=4, distance="cosine"
        ),
    }
    words = {"deleted": "was deleted", "vector": "differ in vector late"}
    during(harms[harm])
    job = clones.begin(actor, source, f"while it is {harm}")
    until(lambda: not clones.refreshed(job).is_live, "the clone ends", within_s=120)
    assert job.state == State.FAILED
    assert words[harm] in job.error
    until(lambda: clones.refreshed(job).settled, "it is settled")
    remains.require_none(shared(), set(collections.names(shared())))
