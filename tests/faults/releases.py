"""The release before this one: its files, and a worker of it on a plant's stores."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conventions.source import ROOT
from tests.faults.plant import Plant
from tests.faults.workers import QUIET

_VERSION = "^version = "


def git(*arguments: str) -> bytes:
    """The output of git in this checkout; empty if it fails."""
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, check=False
    )
    return done.stdout if done.returncode == 0 else b""


def unpack_previous(folder: Path) -> str:
    """Unpack the last commit of the version before; return the commit.

    Skips the test where the history is not there.
    """
    changed = git("log", "-1", "--format=%H", f"-G{_VERSION}", "--", "pyproject.toml")
    commit = git("rev-parse", "--verify", f"{changed.decode().strip()}^").decode()
    files = git("archive", commit.strip(), "nsadmin", "static", "templates")
    if not commit or not files:
        pytest.skip("The history ends before the previous version: a shallow clone.")
    subprocess.run(["tar", "-x", "-C", str(folder)], input=files, check=True)
    return commit.strip()


@contextmanager
def running_worker(plant: Plant, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker for jobs that runs the files of a folder."""
    options = ["--queues", "jobs", "--pool", "solo", "--hostname", "older@%h"]
    log = folder / "worker.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "celery",
                "-A",
                "nsadmin",
                "worker",
                *QUIET,
                *options,
            ],
            cwd=folder,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "nsadmin.settings",
                **plant.env,
            },
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)
