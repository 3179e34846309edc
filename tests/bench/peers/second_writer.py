"""A second writer, which writes all the time and knows how long it waited at most."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connections, transaction
from django.utils import timezone

from nsadmin.namespaces.models import MirroredNamespace

# Between two writes, so that it takes little of the time of what it waits for.
_PAUSE_S = 0.01


@dataclass
class Waits:
    """Seconds of the slowest of its writes, and their number."""

    longest_s: float = 0.0
    writes: int = 0


@contextmanager
def writing() -> Iterator[Waits]:
    """Have a thread write until the block ends, in transactions of one row."""
    waits, stop = Waits(), threading.Event()
    thread = threading.Thread(target=_write, args=(waits, stop))
    thread.start()
    try:
        yield waits
    finally:
        stop.set()
        thread.join()


def _write(waits: Waits, stop: threading.Event) -> None:
    rows = MirroredNamespace.objects
    first = rows.order_by("pk").values_list("pk", flat=True)[:1].get()
    while not stop.is_set():
        began = time.perf_counter()
        with transaction.atomic():
            rows.filter(pk=first).update(next_look_at=timezone.now())
        waits.longest_s = max(waits.longest_s, time.perf_counter() - began)
        waits.writes += 1
        stop.wait(_PAUSE_S)
    connections.close_all()
