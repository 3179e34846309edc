"""The command `nsadmin`: servers, workers, and the commands of `manage.py`."""

import subprocess
import sys

import pytest

from nsadmin.cli import WORKERS
from nsadmin.jobs import queues
from tests.production_check import ROOT, SETTINGS, environment


def nsadmin(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nsadmin", *arguments],
        env={**environment(), **SETTINGS},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_queue_has_a_worker() -> None:
    assert set(WORKERS) == set(queues.ALL)


@pytest.mark.parametrize("queue", [queues.CLUSTERS, queues.TRANSFERS])
def test_what_calls_foreign_clusters_can_be_killed(queue: str) -> None:
    """Only the default pool has processes of its own."""
    assert "--pool" not in WORKERS[queue]


@pytest.mark.parametrize("arguments", [["worker"], ["worker", "nothing"]])
def test_an_unknown_queue_is_refused_with_those_there_are(arguments: list[str]) -> None:
    done = nsadmin(*arguments)
    assert done.returncode == 1
    for queue in queues.ALL:
        assert queue in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["serve", "--help"], "--request-timeout"),
        (["worker", "jobs", "--help"], "--concurrency"),
        (["beat", "--help"], "--schedule"),
        (["mirror", "--help"], "usage: nsadmin mirror"),
        (["demo", "--help"], "--data-dir"),
        (["help", "--commands"], "prepare_stores"),
    ],
)
def test_each_command_says_how_it_is_used(arguments: list[str], said: str) -> None:
    done = nsadmin(*arguments)
    assert done.returncode == 0, done.stderr
    assert said in done.stdout
