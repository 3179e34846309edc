"""The processes of nsadmin itself: those that stay, and those that prepare."""

import sys
from pathlib import Path

import nsadmin
from nsadmin.embedded.supervision.ports import HOST
from nsadmin.embedded.supervision.readiness import answers_ok
from nsadmin.embedded.supervision.supervisor import Process

ROOT = Path(nsadmin.__file__).parent.parent
CELERY = (sys.executable, "-m", "celery", "-A", "nsadmin")
# Niceness: below the pages, which people wait for.
BEHIND = 5
WORKER = ("worker", "--without-gossip", "--without-mingle")
# Log lines of every second would bury the others.
QUIET = {"NSADMIN_LOG_LEVEL": "WARNING"}


def web(port: int) -> Process:
    """The pages and the API."""
    return Process(
        name="web",
        argv=[sys.executable, "-m", "nsadmin.embedded.servers.web", str(port)],
        answers=lambda: answers_ok(HOST, port, "/readyz"),
    )


def workers() -> list[Process]:
    """The job workers. A job interrupted at the stop resumes from its checkpoint.

    There are two processes, one slice at a time each: when one is killed, the other
    takes its job as soon as the lease expires.
    """
    return [_worker("worker"), _worker("second_worker")]


def _worker(name: str) -> Process:
    options = ("--queues", "celery", "--pool", "solo", "--hostname", f"{name}@%h")
    return Process(
        name=name, argv=[*CELERY, *WORKER, *options], grace=3.0, niceness=BEHIND
    )


def sweeper() -> Process:
    """The worker of the queue that must never wait behind long jobs."""
    options = ("--queues", "ctl", "--pool", "solo", "--hostname", "sweeper@%h")
    return Process(
        name="sweeper", argv=[*CELERY, *WORKER, *options], env=QUIET, niceness=BEHIND
    )


def beat(data: Path) -> Process:
    """The sender of periodic tasks."""
    schedule = ("--schedule", str(data / "beat-schedule"))
    return Process(
        name="beat", argv=[*CELERY, "beat", *schedule], env=QUIET, niceness=BEHIND
    )


def command(name: str, *arguments: str) -> Process:
    """A management command that runs once."""
    argv = [sys.executable, str(ROOT / "manage.py"), name, *arguments]
    return Process(name=name, argv=argv)
