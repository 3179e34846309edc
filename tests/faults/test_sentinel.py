"""Redis behind Sentinels fails over: the same workers go on, and no clone is lost."""

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from nsadmin.jobs.models import Job, ScheduleRun
from nsadmin.stores.redis import NO_PRIMARY
from tests.faults import clones
from tests.faults.plant import Plant, until
from tests.sentinel import (
    PASSWORD,
    QUOTED,
    SENTINEL_PASSWORD,
    Watched,
    closed_pools,
    configured,
    running_sentinel,
)

_WITHIN_S = 120
_AWAY = ("Redis does not answer.", NO_PRIMARY)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with running_sentinel(tmp_path_factory.mktemp("sentinel")) as made:
        yield made


@pytest.fixture(scope="module")
def plant_env(watched: Watched) -> dict[str, str]:
    """Points come in pages, so that a copy is under way for a while."""
    return {"NSADMIN_REDIS_URL": watched.url, "NSADMIN_TRANSFER_WAYS": "pages"}


@pytest.fixture
def _configured(plant: Plant, settings: Any) -> Iterator[None]:
    """The caches of this process are behind the Sentinels too."""
    with closed_pools(), configured(plant.env["NSADMIN_REDIS_URL"], settings):
        yield


def _done(job: Job) -> bool:
    return not clones.refreshed(job).is_live


def _has_run(name: str, since: Any) -> bool:
    return ScheduleRun.objects.filter(name=name, started_at__gt=since).exists()


def _is_not_ready(client: Client) -> bool:
    answer = client.get("/readyz")
    if answer.status_code == 200:
        return False
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert answer.json()["silent"] == ["redis"]
    assert answer.json()["reasons"]["redis"] in _AWAY
    return True


@pytest.mark.faults
@pytest.mark.usefixtures("_configured")
@pytest.mark.parametrize("harm", ["killed", "relieved"])
def test_the_same_workers_finish_every_clone_after_a_failover(
    plant: Plant, watched: Watched, client: Client, harm: str
) -> None:
    if not plant.workers.pids:
        plant.workers.start()
    pids = [*plant.workers.pids, *plant.workers.sweeping]
    actor = plant.actor()
    source = clones.make_source(actor, "source", count=800)
    client.force_login(clones.person_of(actor))
    before = clones.begin(actor, source, "before")
    until(lambda: _done(before), "the first clone is done")
    clones.require_complete(source, before)
    until(lambda: _has_run("heal", before.created_at), "a schedule runs")

    meanwhile = clones.begin(actor, source, "meanwhile")
    until(lambda: clones.points_done(meanwhile), "points are copied")
    killed = time.monotonic()
    former = {
        "killed": watched.kill_primary,
        "relieved": watched.relieve_primary,
    }[harm]()
    later = clones.begin(actor, source, "later")
    if harm == "killed":
        assert _is_not_ready(client)
    page = client.get(f"/jobs/{later.job_id}/")
    assert page.status_code == 200
    assert "later" in page.content.decode()

    def told(what: str) -> None:
        print(f"{what} {time.monotonic() - killed:.1f} s after it was {harm}")

    watched.wait_for_another(former)
    named = timezone.now()
    told("another server is named")
    until(lambda: not _is_not_ready(client), "ready again", within_s=30)
    told("ready")
    until(lambda: _has_run("heal", named), "a schedule runs", within_s=_WITHIN_S)
    told("a schedule has run")
    for job in (meanwhile, later):
        until(lambda: _done(job), "the clone is done", within_s=_WITHIN_S)  # noqa: B023
        told(f"“{job.title}” is done")
        clones.require_complete(source, job)
    assert client.get("/jobs/").status_code == 200
    for pid in pids:
        os.kill(pid, 0)  # the process has not ended
    _require_no_secret(plant.workers.log)
    watched.bring_back(former)


def _require_no_secret(log: str) -> None:
    assert log
    for secret in (PASSWORD, QUOTED, SENTINEL_PASSWORD):
        assert secret not in log
