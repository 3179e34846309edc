"""The addresses that may be connected to for a customer, checked at every connection.

A URL is checked twice: its form when it is stored, and every address that its host
resolves to when a connection is opened. The connection goes to the checked address, so
a DNS answer that changes after the check has no effect.

Addresses beside nsadmin are private. The operator lists those of clusters in
NSADMIN_CLUSTER_HOSTS and those of webhooks in NSADMIN_WEBHOOK_HOSTS, each for the
organizations that may use it. Two lists, because a webhook posts to any path.
"""

import ipaddress
import re
from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit

from django.conf import settings

from nsadmin.errors import Invalid
from nsadmin.stores.name_resolution import Address, Lane, in_numbers, resolve

_HOST = re.compile(r"[a-z0-9._:-]+")
_SCHEMES = {"http": 80, "https": 443}
# https, and the ports of Qdrant; NSADMIN_CLUSTER_PORTS adds to them.
_PORTS = frozenset({443, 6333, 6334, 8443})
_WEBHOOK_PORTS = frozenset({443, 8443})
_MOST_URL = 1000
ANY_ORGANIZATION = "*"
_OPEN_IPV6 = ipaddress.ip_network("2000::/3")
# Formally public, but they lead to other networks (address translation, tunnels, the
# metadata service of a cloud), or belong to documentation and to name servers.
_REFUSED_NETWORKS = [
    ipaddress.ip_network(text)
    for text in (
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "2620:4f:8000::/48",
        "3fff::/20",
        "192.0.0.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.175.48.0/24",
        "168.63.129.16/32",
    )
]


class Use(Enum):
    """What is connected to: a cluster, or a webhook; the word is that of messages."""

    CLUSTER = "cluster"
    WEBHOOK = "webhook"


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


def destination(
    url: str,
    *,
    field: str = "qdrant_url",
    any_port: bool = False,
    use: Use = Use.CLUSTER,
) -> Destination:
    """Return the destination that the URL names, or raise Invalid for `field`.

    With `any_port` the port need not be one that may be dialled.
    """

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
        example = "host:6333" if use is Use.CLUSTER else "host/path"
        raise refuse(f"The address must look like https://{example}.")
    if parts.username is not None or parts.password is not None:
        raise refuse("The address must not contain a user name or password.")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise refuse("The address must end after the port.")
    port = port if port is not None else _SCHEMES[parts.scheme]
    try:
        host = parts.hostname.rstrip(".").encode("idna").decode().lower()
    except UnicodeError:
        raise refuse("The host name is not valid.") from None
    if not _HOST.fullmatch(
        host
    ):  # IDNA may turn a character into several, such as a slash
        raise refuse("The host name is not valid.")
    if not any_port and port not in _ports(use) and not is_listed(host, port, use=use):
        allowed = ", ".join(str(one) for one in sorted(_ports(use)))
        raise refuse(f"Port {port} is not allowed. Allowed ports: {allowed}.")
    return Destination(parts.scheme, host, port)


def webhook_url(
    url: str, *, organization_id: str, field: str = "address"
) -> tuple[Destination, str]:
    """Return the destination of a webhook and its normalized URL, or raise Invalid.

    Only a listed address may be private or without TLS, for the organizations that it
    is listed for. A name is not resolved here: its addresses count at each connection.
    """
    if len(url) > _MOST_URL:
        message = f"The address may have at most {_MOST_URL:,} characters."
        raise Invalid.at(field, message)
    try:
        parts = urlsplit(url)
    except ValueError:
        raise Invalid.at(field, "The address cannot be read.") from None
    if parts.fragment:
        raise Invalid.at(field, "The address must not contain a #.")
    if not url.isascii():
        raise Invalid.at(field, "The address must consist of ASCII characters.")
    rest = parts.path or "/"
    if parts.query:
        rest = f"{rest}?{parts.query}"
    if any(ord(c) <= 32 or ord(c) == 127 or c == "\\" for c in url):
        raise Invalid.at(field, "The address contains spaces or backslashes.")
    origin = f"{parts.scheme}://{parts.netloc}"
    place = destination(origin, field=field, any_port=True, use=Use.WEBHOOK)
    is_listed_here = is_listed_for(
        place.host, place.port, organization_id, use=Use.WEBHOOK
    )
    if place.scheme != "https" and not is_listed_here:
        raise Invalid.at(field, "The address must begin with https://.")
    destination(origin, field=field, use=Use.WEBHOOK)  # its port
    if not is_listed_here and _is_inside(place):
        raise Invalid.at(field, "The address must be public; this one is private.")
    return place, f"{place.url}{rest}"


def _is_inside(place: Destination) -> bool:
    """Whether no connection would be made, as the host alone tells."""
    if place.host == "localhost" or place.host.endswith(".localhost"):
        return True
    return not all(map(is_public, in_numbers(place.host, place.port)))


def _ports(use: Use) -> frozenset[int]:
    if use is Use.WEBHOOK:
        return _WEBHOOK_PORTS
    return _PORTS | {int(port) for port in settings.NSADMIN_CLUSTER_PORTS}


def listed_organizations(entry: str) -> tuple[str, str] | None:
    """Read an entry of the operator's lists, `host:port=organization`.

    Return (host:port, organization id or `*`); None if the entry is malformed.
    """
    place, _, organization_id = entry.strip().partition("=")
    host, _, port = place.rpartition(":")
    host = host.removeprefix("[").removesuffix("]").lower()
    if not host or not port.isdigit() or not organization_id:
        return None
    return f"{host}:{port}", organization_id


def _organizations(host: str, port: int, use: Use) -> set[str]:
    listed = {
        Use.CLUSTER: settings.NSADMIN_CLUSTER_HOSTS,
        Use.WEBHOOK: settings.NSADMIN_WEBHOOK_HOSTS,
    }
    entries = map(listed_organizations, listed[use])
    return {e[1] for e in entries if e is not None and e[0] == f"{host}:{port}"}


def is_listed(host: str, port: int, *, use: Use = Use.CLUSTER) -> bool:
    """Whether the operator lists this host and port, for whatever organization."""
    return bool(_organizations(host, port, use))


def is_listed_for(
    host: str, port: int, organization_id: str, *, use: Use = Use.CLUSTER
) -> bool:
    """Whether the operator lists this host and port for the organization."""
    found = _organizations(host, port, use)
    return ANY_ORGANIZATION in found or (
        organization_id != "" and organization_id in found
    )


def require_own(
    host: str, port: int, organization_id: str, *, use: Use = Use.CLUSTER
) -> None:
    """Raise Invalid for a listed address that is not listed for the organization."""
    listed = is_listed(host, port, use=use)
    if listed and not is_listed_for(host, port, organization_id, use=use):
        raise _refused(use)


def _refused(use: Use) -> Invalid:
    field = "qdrant_url" if use is Use.CLUSTER else "address"
    return Invalid(
        f"The address of the {use.value} is not allowed.",
        errors={field: ["This address is not allowed."]},
        code="address_refused",
    )


def is_public(address: Address) -> bool:
    """Whether an address is public and does not lead to another network."""
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if address.version == _OPEN_IPV6.version and address not in _OPEN_IPV6:
        return False
    return not any(
        address in net for net in _REFUSED_NETWORKS if net.version == address.version
    )


def checked_addresses(
    host: str,
    port: int,
    *,
    organization_id: str = "",
    within_s: float = 2,
    use: Use = Use.CLUSTER,
) -> list[Address]:
    """Return every address of the host; raise Invalid unless all may be dialled.

    Hosts that the operator lists may be private, for the organizations that are named
    there; for others they may not be dialled at all. Raises Unavailable if the name is
    not resolved within `within_s` seconds.
    """
    require_own(host, port, organization_id, use=use)
    addresses = resolve(host, port, lane=Lane.CUSTOMERS, within_s=within_s)
    is_private_allowed = is_listed(host, port, use=use)
    if not is_private_allowed and not all(is_public(a) for a in addresses):
        raise _refused(use)
    return addresses
