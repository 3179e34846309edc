"""Every process that keeps running refuses to start with settings that cannot work."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis as driver

from tests.embedded_servers import RunningServer, running_redis
from tests.production_check import ROOT, SETTINGS, environment

# One worker for each pool; each command is written as README has it.
COMMANDS = ("worker jobs", "beat", "mirror")
each_command = pytest.mark.parametrize("command", COMMANDS)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A Redis of its own, whose policy a test may change."""
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


def refused(command: str, settings: dict[str, str], folder: Path) -> str:
    """What a process says that has to end at once, with an error."""
    arguments = command.split()
    if command == "beat":
        arguments += ["--schedule", str(folder / "beat")]
    done = subprocess.run(
        [sys.executable, "-m", "nsadmin", *arguments],
        env={**environment(), **settings},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


@each_command
def test_without_settings_all_that_are_needed_are_named(
    command: str, tmp_path: Path
) -> None:
    said = refused(command, {}, tmp_path)
    for name in SETTINGS:
        assert f"{name} is not set." in said


@each_command
def test_one_that_lacks_is_named_although_the_stores_answer(
    command: str, redis: RunningServer, tmp_path: Path
) -> None:
    given = {**SETTINGS, "NSADMIN_REDIS_URL": redis.url}
    del given["NSADMIN_KEY_PEPPER"]
    said = refused(command, given, tmp_path)
    assert "NSADMIN_KEY_PEPPER is not set." in said
    assert "NSADMIN_SECRET_KEY" not in said


@each_command
def test_a_redis_that_evicts_is_refused(
    command: str, redis: RunningServer, tmp_path: Path
) -> None:
    with driver.Redis.from_url(redis.url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
    said = refused(command, {**SETTINGS, "NSADMIN_REDIS_URL": redis.url}, tmp_path)
    assert "allkeys-lru" in said
