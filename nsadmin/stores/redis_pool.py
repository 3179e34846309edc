"""Connections to Redis: to the server of an address, or to the one Sentinels name.

The client, the caches and the counters of requests open their pools here; the broker
gets the same Sentinels, passwords and TLS as settings of Celery.
"""

import socket
from typing import Any, Self

from redis.backoff import NoBackoff
from redis.connection import BlockingConnectionPool, ConnectionPool
from redis.exceptions import ResponseError
from redis.retry import Retry
from redis.sentinel import (
    MasterNotFoundError,
    Sentinel,
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)

from nsadmin.stores import redis_url

# Without an address, what is asked for fails as a Redis that is away.
_NOWHERE = "redis://redis.invalid:6379/0"
# A Sentinel that does not answer within these seconds is passed over for the next one.
_SENTINEL_S = 1
# The seconds for the broker's connection to a server that Sentinels name.
_BROKER_CONNECT_S = 2


def _keepalive() -> dict[int, int]:
    """Return how the system finds a host that vanished, within about 25 seconds.

    A worker waits for a message without end, so it would wait there for hours. No limit
    is set on commands: a server that only stands still for a while goes on afterwards.
    """
    wanted = {
        "TCP_KEEPIDLE": 10,
        "TCP_KEEPINTVL": 5,
        "TCP_KEEPCNT": 3,
        "TCP_USER_TIMEOUT": 25_000,  # milliseconds
    }
    return {
        getattr(socket, name): value
        for name, value in wanted.items()
        if hasattr(socket, name)  # not every system has all
    }


class _Asked(Sentinel):
    """The Sentinels of an address; a server that is none names no server."""

    def discover_master(self, service_name: str) -> tuple[str, int]:
        try:
            host, port = super().discover_master(service_name)  # type: ignore[no-untyped-call]
        except ResponseError as refusal:
            raise MasterNotFoundError(str(refusal)) from None
        return host, port


class SentinelPool(SentinelConnectionPool, BlockingConnectionPool):
    """Connections to the server that takes writes, which Sentinels are asked for.

    A connection that is lost, or whose server takes no writes any more, asks the
    Sentinels again when it is opened the next time.
    """

    @classmethod
    def from_url(cls, url: str, **options: Any) -> Self:
        """Make a pool for an address of Sentinels; options are those of redis-py."""
        place = redis_url.sentinels(url)
        tls = {key: value for key, value in options.items() if key.startswith("ssl_")}
        kwargs = _sentinel_options(place, {**tls, **place.options})
        asked = _Asked(place.nodes, sentinel_kwargs=kwargs)  # type: ignore[no-untyped-call]
        plain, with_tls = SentinelManagedConnection, SentinelManagedSSLConnection
        return cls(
            place.service,
            asked,
            connection_class=with_tls if place.has_tls else plain,
            db=place.database,
            **{**options, **place.options, **place.login},
        )


def _sentinel_options(
    place: redis_url.Sentinels, tls: dict[str, Any]
) -> dict[str, Any]:
    return {
        "socket_timeout": _SENTINEL_S,
        "socket_connect_timeout": _SENTINEL_S,
        "retry": Retry(NoBackoff(), 0),  # the next Sentinel is asked instead
        "ssl": place.has_tls,
        **(tls if place.has_tls else {}),
        **place.sentinel_login,
    }


def pool_class(url: str) -> type[ConnectionPool]:
    """Return the class whose `from_url` opens this address.

    Callers wait for a free connection. If all connected at once, the connection limit
    of the server would look like an outage.
    """
    return SentinelPool if redis_url.is_sentinel(url) else BlockingConnectionPool


def pool(url: str, *, ca_file: str, **options: Any) -> ConnectionPool:
    """Open a pool of connections to an address; options are those of redis-py."""
    tls = redis_url.tls_options(url, ca_file=ca_file)
    return pool_class(url).from_url(url, **options, **tls)


def cache_settings(url: str, *, ca_file: str) -> dict[str, Any]:
    """Return the part of a Django cache's settings that says where its Redis is.

    The location is a list, because Django splits a string at each comma.
    """
    options = {
        "pool_class": pool_class(url),
        **redis_url.tls_options(url, ca_file=ca_file),
    }
    return {"LOCATION": [url or _NOWHERE], "OPTIONS": options}


def broker_settings(url: str, *, ca_file: str) -> tuple[str, dict[str, Any], Any]:
    """Return the address, the transport options and the TLS of Celery's broker.

    Raises nothing for an address that cannot be used; the system check names it.
    """
    tls = redis_url.tls_options(url, ca_file=ca_file)
    if not redis_url.is_sentinel(url) or redis_url.fault_of(url, ca_file=ca_file):
        return url or _NOWHERE, {}, tls
    place = redis_url.sentinels(url)
    tls = {**tls, **place.options} if place.has_tls else {}
    options = {
        "master_name": place.service,
        "sentinel_kwargs": _sentinel_options(place, tls),
        "socket_connect_timeout": _BROKER_CONNECT_S,
        "socket_keepalive": True,
        "socket_keepalive_options": _keepalive(),
    }
    return place.broker_url(), options, tls
