"""The text of the metrics, and who may read it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from hmac import compare_digest
from http import HTTPStatus

from django.conf import settings
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from nsadmin import meters
from nsadmin.observability import figures

_BEARER = "Bearer "


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer over HTTP: its status, headers and body."""

    status: HTTPStatus
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class _Everything(Collector):
    """What processes counted, and the figures of the stores."""

    def collect(self) -> Iterable[Metric]:
        """Yield every metric; those of all processes that share a folder."""
        if settings.NSADMIN_METRICS_DIR:
            shared = MultiProcessCollector(  # type: ignore[no-untyped-call]
                None, path=settings.NSADMIN_METRICS_DIR
            )
            yield from shared.collect()  # type: ignore[no-untyped-call]
        else:
            yield from meters.REGISTRY.collect()
        yield from figures.collect()


def text() -> bytes:
    """Return all metrics in the text format of Prometheus."""
    registry = CollectorRegistry()
    registry.register(_Everything())
    return generate_latest(registry)


def answer(authorization: str) -> Answer:
    """Return the metrics to whom the header's key allows it, else 401.

    Without NSADMIN_METRICS_KEY no key is asked for, so a caller has to decide before
    whether the metrics are offered at all.
    """
    key = settings.NSADMIN_METRICS_KEY
    if key and not _is_key(authorization, key):
        return Answer(HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": "Bearer"})
    return Answer(HTTPStatus.OK, {"Content-Type": CONTENT_TYPE_LATEST}, text())


def _is_key(authorization: str, key: str) -> bool:
    given = authorization.removeprefix(_BEARER).strip()
    is_bearer = authorization.startswith(_BEARER)
    return compare_digest(given.encode(), key.encode()) and is_bearer
