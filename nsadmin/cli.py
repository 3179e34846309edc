"""The command `nsadmin`: the servers, the workers and every management command.

nsadmin serve --host 127.0.0.1 --port 8000
nsadmin worker QUEUE [options of Celery]
nsadmin beat [options of Celery]
nsadmin alive                # whether the process with this heartbeat hangs
nsadmin COMMAND …    # as `manage.py` of a checkout; `nsadmin help` lists them
"""

import os
import signal
import sys
from collections.abc import Callable

from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, OperationalError

import nsadmin
from nsadmin.jobs import queues

# The commands of `nsadmin.embedded`, which is installed for no others.
_EMBEDDED = ("demo", "seed_demo", "refresh_demo", "demo_apps", "load_fleet")
# Workers send each other nothing, and no program listens to Celery's heartbeats.
_QUIET = ("--without-gossip", "--without-mingle", "--without-heartbeat")
# The exit status where the database cannot be used; 1 of `audit verify` would tell that
# the audit is broken.
_UNUSABLE = 2
# Only child processes can be killed: each call in a thread needs its own deadline.
_THREADS = ("--pool", "threads", "--concurrency")
# Kilobytes after which a child process is replaced, once its task has ended.
_CHILDREN = ("--max-memory-per-child", "400000", "--concurrency")
# The options of each queue's worker; the same option given again replaces one of them.
WORKERS: dict[str, tuple[str, ...]] = {
    queues.CONTROL: ("--concurrency", "2"),
    queues.SAMPLING: ("--concurrency", "1"),
    queues.MAINTENANCE: ("--concurrency", "3"),
    queues.JOBS: ("--concurrency", "4"),
    queues.CLUSTERS: (*_CHILDREN, "4"),
    queues.TRANSFERS: (*_CHILDREN, "4"),
    queues.NOTIFICATIONS: (*_THREADS, "8"),
}


def main(arguments: list[str] | None = None) -> None:
    """Run one command; exit with its status.

    Settings or a database that cannot be used are said in one line, and Ctrl-C ends
    silently. `--traceback` shows where the database was asked.
    """
    given = sys.argv[1:] if arguments is None else arguments
    is_embedded = any(command in given[:2] for command in _EMBEDDED)
    if is_embedded:
        os.environ.setdefault("NSADMIN_EMBEDDED", "1")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nsadmin.settings")
    try:
        _run(given)
    except ImproperlyConfigured as error:
        sys.exit(f"nsadmin: {error}")
    except (OperationalError, InterfaceError) as error:
        if "--traceback" in given:
            raise
        _tell_unusable(error)
        sys.exit(_UNUSABLE)
    except ModuleNotFoundError as error:
        if not is_embedded or (error.name or "").startswith("nsadmin"):
            raise
        sys.exit(f"nsadmin: the demo needs {error.name}: pip install nsadmin[demo]")
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


def _tell_unusable(error: Exception) -> None:
    """Write why the database cannot be used: the driver says it in its first line."""
    from nsadmin.observability.scrubbing import scrubbed

    reason = str(error).partition("\n")[0].removeprefix("connection failed: ")
    sys.stderr.write(f"nsadmin: the database cannot be used: {scrubbed(reason)}\n")


def _run(given: list[str]) -> None:
    command, *options = given or ["help"]
    if command == "help" and options[:1] and options[0] in _OWN:
        command, options = options[0], ["--help"]
    if command in ("version", "--version"):
        sys.stdout.write(f"nsadmin {nsadmin.__version__}\n")
    elif command in _OWN:
        _OWN[command](options)
    else:
        _manage([command, *options])


def _serve(options: list[str]) -> None:
    from nsadmin import serve

    serve.main(options)


def _worker(options: list[str]) -> None:
    queue = options[0] if options else ""
    known = ", ".join(WORKERS)
    usage = f"usage: nsadmin worker QUEUE [options]\nThe queues are {known}."
    if queue in ("-h", "--help"):
        sys.stdout.write(f"{usage}\n`nsadmin worker QUEUE --help` lists the options.\n")
        return
    if queue not in WORKERS:
        sys.exit(usage)
    named = ("--queues", queue, "--hostname", f"{queue}@%h")
    _celery("worker", *named, *_QUIET, *WORKERS[queue], *options[1:])


def _beat(options: list[str]) -> None:
    _celery("beat", *options)


def _alive(options: list[str]) -> None:
    from nsadmin.observability import liveness

    liveness.main(options)


def _celery(*arguments: str) -> None:
    from celery.bin.celery import main as celery

    sys.argv = ["celery", "-A", "nsadmin", *arguments]
    sys.exit(celery())


def _manage(arguments: list[str]) -> None:
    from nsadmin.management_commands import Commands

    Commands(["nsadmin", *arguments], _SUMMARIES).execute()


_SUMMARIES = {
    "serve": "the web server",
    "worker": "the worker of one queue: nsadmin worker QUEUE",
    "beat": "the sender of periodic tasks",
    "alive": "whether a worker, beat or the mirror hangs",
    "demo": "everything on one machine, with embedded servers and data",
    "version": "the version of nsadmin",
}
_OWN: dict[str, Callable[[list[str]], None]] = {
    "serve": _serve,
    "worker": _worker,
    "beat": _beat,
    "alive": _alive,
}
