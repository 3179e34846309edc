"""The processes of nsadmin itself: those that stay, and those that prepare."""

import sys
from dataclasses import replace
from pathlib import Path

import nsadmin
from nsadmin.embedded.supervision.ports import HOST
from nsadmin.embedded.supervision.readiness import answers_ok
from nsadmin.embedded.supervision.supervisor import Process
from nsadmin.jobs import queues

ROOT = Path(nsadmin.__file__).parent.parent
CELERY = (sys.executable, "-m", "celery", "-A", "nsadmin")
# Niceness: below the pages, which people wait for.
BEHIND = 5
# Workers send each other nothing, and no program listens to Celery's heartbeats.
WORKER = ("worker", "--without-gossip", "--without-mingle", "--without-heartbeat")
_THREADS = ("--pool", "threads", "--concurrency")
# Kilobytes after which a child process is replaced, once its task has ended.
_MEMORY = ("--max-memory-per-child", "400000")
# Log lines of every second would bury the others.
QUIET = {"NSADMIN_LOG_LEVEL": "WARNING"}


def web(port: int) -> Process:
    """The pages and the API."""
    return Process(
        name="web",
        argv=[sys.executable, "-m", "nsadmin.serve", "--port", str(port)],
        answers=lambda: answers_ok(HOST, port, "/readyz"),
    )


def workers() -> list[Process]:
    """The workers: at least one for each queue, so that none waits behind another.

    Each is named after its queue. Jobs have two processes: when one is killed, the
    other takes its jobs as soon as the leases expire. Only the workers for customers'
    clusters have child processes, since only a process can be killed when it hangs;
    they share the memory of their parent. For `jobs` and `transfers` there is one more
    than an organization may have running at once.
    """
    jobs = (*_THREADS, "2")
    prefork = ("--pool", "prefork", *_MEMORY, "--concurrency")
    return [
        _worker("jobs", queues.JOBS, *jobs),
        _worker("jobs_2", queues.JOBS, *jobs),
        _worker("sampling", queues.SAMPLING, *_THREADS, "1"),
        _worker("maintenance", queues.MAINTENANCE, *_THREADS, "3"),
        _worker("clusters", queues.CLUSTERS, *prefork, "2"),
        _worker("transfers", queues.TRANSFERS, *prefork, "4"),
        _worker("notifications", queues.NOTIFICATIONS, *_THREADS, "4"),
    ]


def control() -> Process:
    """The worker of the control queue, which must never wait behind long work.

    It has two threads: one for the sweep of each second, one for recovery.
    """
    return replace(_worker("control", queues.CONTROL, *_THREADS, "2"), env=QUIET)


def _worker(name: str, queue: str, *options: str) -> Process:
    named = ("--queues", queue, "--hostname", f"{name}@%h")
    return Process(
        name=name,
        argv=[*CELERY, *WORKER, *named, *options],
        grace=3.0,
        niceness=BEHIND,
    )


def mirror() -> Process:
    """The process that follows the namespace store."""
    argv = [sys.executable, "-m", "nsadmin", "mirror"]
    return Process(name="mirror", argv=argv, env=QUIET, grace=3.0, niceness=BEHIND)


def beat(data: Path) -> Process:
    """The sender of periodic tasks."""
    schedule = ("--schedule", str(data / "beat-schedule"))
    return Process(
        name="beat", argv=[*CELERY, "beat", *schedule], env=QUIET, niceness=BEHIND
    )


def command(name: str, *arguments: str) -> Process:
    """A management command that runs once."""
    argv = [sys.executable, "-m", "nsadmin", name, *arguments]
    return Process(name=name, argv=argv)
