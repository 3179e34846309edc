"""The command `nsadmin`: the servers, the workers and every management command.

nsadmin serve --host 127.0.0.1 --port 8000
nsadmin worker QUEUE [options of Celery]
nsadmin beat [options of Celery]
nsadmin COMMAND …    # as `manage.py` of a checkout; `nsadmin help` lists them
"""

import os
import sys
from collections.abc import Callable

from nsadmin.jobs import queues

# The commands of `nsadmin.embedded`, which is installed for no others.
_EMBEDDED = ("demo", "seed_demo", "refresh_demo", "demo_apps", "load_fleet")
# Workers tell one another nothing, and no program listens to their heartbeats.
_QUIET = ("--without-gossip", "--without-mingle", "--without-heartbeat")
_THREADS = ("--pool", "threads", "--concurrency")
# Kilobytes after which a child process is replaced, once its task has ended. Only a
# process can be killed when a customer's cluster hangs, so these have no threads.
_CHILDREN = ("--max-memory-per-child", "400000", "--concurrency")
# The options of each queue's worker; the same option given again replaces one of them.
WORKERS: dict[str, tuple[str, ...]] = {
    queues.CONTROL: (*_THREADS, "2"),
    queues.SAMPLING: ("--concurrency", "1"),
    queues.MAINTENANCE: ("--concurrency", "3"),
    queues.JOBS: ("--concurrency", "4"),
    queues.CLUSTERS: (*_CHILDREN, "4"),
    queues.TRANSFERS: (*_CHILDREN, "4"),
    queues.NOTIFICATIONS: (*_THREADS, "8"),
}


def main(arguments: list[str] | None = None) -> None:
    """Run one command; exit with its status."""
    given = sys.argv[1:] if arguments is None else arguments
    if any(command in given[:2] for command in _EMBEDDED):
        os.environ.setdefault("NSADMIN_EMBEDDED", "1")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nsadmin.settings")
    run = _SERVERS.get(given[0]) if given else None
    if run is not None:
        run(given[1:])
    else:
        _manage(given)


def _serve(options: list[str]) -> None:
    from nsadmin import serve

    serve.main(options)


def _worker(options: list[str]) -> None:
    queue = options[0] if options else ""
    if queue not in WORKERS:
        known = ", ".join(WORKERS)
        sys.exit(f"usage: nsadmin worker QUEUE [options]\nThe queues are {known}.")
    named = ("--queues", queue, "--hostname", f"{queue}@%h")
    _celery("worker", *named, *_QUIET, *WORKERS[queue], *options[1:])


def _beat(options: list[str]) -> None:
    _celery("beat", *options)


def _celery(*arguments: str) -> None:
    from celery.bin.celery import main as celery

    sys.argv = ["celery", "-A", "nsadmin", *arguments]
    sys.exit(celery())


def _manage(arguments: list[str]) -> None:
    from django.core.management import execute_from_command_line

    execute_from_command_line(["nsadmin", *arguments])


_SERVERS: dict[str, Callable[[list[str]], None]] = {
    "serve": _serve,
    "worker": _worker,
    "beat": _beat,
}
