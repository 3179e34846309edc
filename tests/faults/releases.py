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


def version_before() -> str:
    """The last commit of the version before; empty where the history is not there."""
    changed = git("log", "-1", "--format=%H", f"-G{_VERSION}", "--", "pyproject.toml")
    return _parent(changed)


def change_before() -> str:
    """The commit before the last one that changed the program, if it is there.

    That is the last commit itself while the checkout has changes of its own.
    """
    program = ("--", "nsadmin", "static", "templates", "requirements")
    if git("status", "--porcelain", *program):
        return git("rev-parse", "HEAD").decode().strip()
    return _parent(git("log", "-1", "--format=%H", *program))


def _parent(commit: bytes) -> str:
    found = git("rev-parse", "--verify", f"{commit.decode().strip()}^")
    return found.decode().strip()


def unpack(commit: str, folder: Path, *paths: str) -> None:
    """Unpack a commit, or some of its paths; skip the test where it is not there."""
    files = git("archive", commit, *paths) if commit else b""
    if not files:
        pytest.skip("The history does not reach so far: a shallow clone.")
    subprocess.run(["tar", "-x", "-C", str(folder)], input=files, check=True)


def unpack_previous(folder: Path) -> None:
    """Unpack the program of the version before."""
    unpack(version_before(), folder, "nsadmin", "static", "templates")


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
