"""Reads every source of figures, and keeps what it read for some seconds."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

import structlog
from django.db import DatabaseError, InterfaceError, connection, transaction
from prometheus_client import Metric

from nsadmin.errors import NsadminError
from nsadmin.observability.figures import (
    audit,
    clusters,
    jobs,
    namespaces,
    notifications,
    queues,
    schedules,
    stores,
)
from nsadmin.observability.figures.gauges import gauges

log = structlog.get_logger(__name__)

KEPT_S: Final = 15.0
Read = Callable[[], Iterable[Metric]]
_SOURCES: Final[dict[str, Read]] = {
    "stores": stores.read,
    "queues": queues.read,
    "jobs": jobs.read,
    "schedules": schedules.read,
    "namespaces": namespaces.read,
    "clusters": clusters.read,
    "audit": audit.read,
    "notifications": notifications.read,
}


@dataclass(slots=True)
class _Kept:
    """What was read last, and until when it is told again."""

    metrics: list[Metric] = field(default_factory=list)
    until: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


_kept = _Kept()


def collect() -> list[Metric]:
    """Return the figures of all sources, at most `KEPT_S` seconds old."""
    with _kept.lock:
        if time.monotonic() >= _kept.until:
            _kept.metrics = _read_all()
            _kept.until = time.monotonic() + KEPT_S
        return _kept.metrics


def forget() -> None:
    """Read anew the next time."""
    _kept.until = 0.0


def _read_all() -> list[Metric]:
    found: list[Metric] = []
    up: dict[str, float] = {}
    for name, read in _SOURCES.items():
        metrics = _read(name, read)
        up[name] = metrics is not None
        found += metrics or []
    meaning = "1 if a source of figures could be read, else 0."
    return [*found, gauges("nsadmin_figures_up", meaning, ["source"], up)]


def _read(name: str, read: Read) -> list[Metric] | None:
    """Return the metrics of a source; None if its store does not answer."""
    try:
        if connection.in_atomic_block:
            # A refused statement would make the transaction around it unusable.
            with transaction.atomic():
                return list(read())
        return list(read())
    except (DatabaseError, InterfaceError, NsadminError) as failure:
        log.warning("figures_not_read", source=name, error=str(failure))
        return None
