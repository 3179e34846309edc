"""The parts of schedules that call customers' clusters, each a message of its own.

So a cluster that hangs holds only its own part, and no longer than a hard limit allows.
"""

from collections.abc import Callable
from typing import Any

from celery import shared_task

from nsadmin.jobs import items
from nsadmin.jobs.schedules import turn
from nsadmin.stores import redis

# The process is killed this long after its task was asked to stop.
KILLED_AFTER_S = 15
# Loops in the work start no further item after this share of the limit.
_SHARE = 0.8

Work = Callable[[str], object]


def cluster_task(name: str, *, limit_s: int) -> Callable[[Work], Any]:
    """Return a decorator that makes a Celery task of work on one cluster, by its URL.

    While one process does it, others leave it alone. A failure is recorded at the
    cluster under the last part of the task's name, not under that of a loop in the
    work: reaching the end of the work says nothing about the items of that loop. After
    `limit_s` the work is interrupted; a process that does not stop then is killed, so
    the work may run twice.
    """
    loop = name.rpartition(".")[2]

    def wrap(work: Work) -> Any:
        def run(url: str) -> None:
            claim = f"{name}:{url}"
            longest_ms = (limit_s + KILLED_AFTER_S) * 1000
            if not redis.claim(claim, milliseconds=longest_ms):
                return
            try:
                with turn.within(_SHARE * limit_s):
                    items.each(loop, [url], work, key=str, kind="cluster")
            finally:
                redis.release(claim)

        run.__name__, run.__doc__ = work.__name__, work.__doc__
        run.__module__ = work.__module__
        return shared_task(
            name=name,
            ignore_result=True,
            soft_time_limit=limit_s,
            time_limit=limit_s + KILLED_AFTER_S,
        )(run)

    return wrap
