"""The addresses that may be connected to for a customer, checked at every connection.

A URL is checked twice: its form when it is stored, and every address that its host
resolves to when a connection is opened. The connection goes to the checked address, so
a DNS answer that changes after the check has no effect.
"""

import ipaddress
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx
from django.conf import settings

from nsadmin.errors import Invalid, Unavailable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_HOST = re.compile(r"[a-z0-9._:-]+")
_SCHEMES = {"http": 80, "https": 443}
_REFUSED_PORTS = frozenset(
    {22, 25, 53, 110, 143, 445, 465, 587, 993, 995, 11211, 27017}
)
# Formally public, but they lead to other networks: address translation, tunnels, and
# the metadata service of a cloud.
_REFUSED_NETWORKS = [
    ipaddress.ip_network(text)
    for text in (
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2002::/16",
        "::/96",
        "fec0::/10",
        "::ffff:0:0/96",
        "::ffff:0:0:0/96",
        "192.88.99.0/24",
        "168.63.129.16/32",
    )
]


@dataclass(frozen=True, slots=True)
class Destination:
    """A checked URL: scheme, lower-case host and explicit port."""

    scheme: str
    host: str
    port: int

    @property
    def url(self) -> str:
        """The normalized URL, to which secrets are bound."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def destination(url: str, *, field: str = "qdrant_url") -> Destination:
    """Return the destination that the URL names, or raise Invalid for `field`."""

    def refuse(sentence: str) -> Invalid:
        return Invalid.at(field, sentence)

    if any(ord(c) <= 32 or ord(c) == 127 or c == "\\" for c in url):
        raise refuse("The address contains spaces, control characters or backslashes.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise refuse("The address cannot be read.") from None
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise refuse("The address must look like https://host:6333.")
    if parts.username is not None or parts.password is not None:
        raise refuse("The address must not contain a user name or password.")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise refuse("The address must end after the port.")
    port = port if port is not None else _SCHEMES[parts.scheme]
    if port == 0 or port in _REFUSED_PORTS:
        raise refuse(f"Port {port} may not be dialled.")
    try:
        host = parts.hostname.rstrip(".").encode("idna").decode().lower()
    except UnicodeError:
        raise refuse("The host name is not valid.") from None
    if not _HOST.fullmatch(
        host
    ):  # IDNA may turn a character into several, such as a slash
        raise refuse("The host name is not valid.")
    return Destination(parts.scheme, host, port)


def is_public(address: Address) -> bool:
    """Whether an address is public and does not lead to another network."""
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return not any(
        address in net for net in _REFUSED_NETWORKS if net.version == address.version
    )


def resolve(host: str, port: int) -> list[Address]:
    """Return every address of the host, or raise Unavailable."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise Unavailable(
            "The host name of the cluster cannot be resolved.",
            details={"store": "qdrant"},
        ) from None
    texts = {str(info[4][0]).partition("%")[0] for info in found}
    return sorted(
        (ipaddress.ip_address(t) for t in texts), key=lambda a: (a.version, a)
    )


def checked_addresses(host: str, port: int) -> list[Address]:
    """Return every address of the host; raise Invalid unless all may be dialled.

    Hosts that the operator lists as host:port in NSADMIN_CLUSTER_HOSTS may be private.
    """
    addresses = resolve(host, port)
    allowed = f"{host}:{port}" in settings.NSADMIN_CLUSTER_HOSTS
    if not allowed and not all(is_public(a) for a in addresses):
        raise Invalid(
            "The address of the cluster is not one that may be dialled.",
            errors={"qdrant_url": ["This address may not be dialled."]},
            code="address_refused",
        )
    return addresses


def checked_address(host: str, port: int) -> str:
    """Return the one address to connect to; raises as `checked_addresses` does."""
    return str(checked_addresses(host, port)[0])


class _GuardedBackend(httpcore.SyncBackend):
    """Opens connections only to addresses that it has just checked."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        return super().connect_tcp(
            checked_address(host, port),
            port,
            timeout=timeout,
            local_address=local_address,
            socket_options=socket_options,
        )


def guarded_transport() -> httpx.HTTPTransport:
    """Return a transport for a customer's cluster: checked at connect, no proxies.

    TLS still names the host, so a certificate is checked against the name.
    """
    transport = httpx.HTTPTransport(trust_env=False, retries=0)
    pool = transport._pool  # noqa: SLF001 - httpx has no public way to give a backend
    pool._network_backend = _GuardedBackend()  # noqa: SLF001
    return transport
