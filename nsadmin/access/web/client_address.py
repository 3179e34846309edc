"""The address that a request comes from, also behind proxies.

Sign-in and its limits, the limits of the API, the request log, the audit and the list
of sessions all ask this one function, so they agree about who sent a request.
"""

from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """Return the IP address of the sender; "" if the connection has none.

    Each proxy adds the address of its own peer at the end of X-Forwarded-For. With
    NSADMIN_PROXY_COUNT proxies of our own, that many entries from the end can be
    believed, and the first of them is the sender's. Everything before it was sent by
    the sender and is not read. A header with fewer entries did not pass all proxies:
    then, as without a proxy, the address of the connection counts.
    """
    direct = str(request.META.get("REMOTE_ADDR", ""))
    count = settings.NSADMIN_PROXY_COUNT
    entries = request.headers.get("X-Forwarded-For", "").split(",")
    if count < 1 or len(entries) < count:
        return direct
    return _parsed(entries[-count].strip()) or direct


def _parsed(entry: str) -> str:
    """Return the address of an entry, which some proxies write with a port, or ""."""
    host = entry
    if entry.startswith("["):
        host = entry[1:].partition("]")[0]
    elif entry.count(":") == 1:
        host = entry.partition(":")[0]
    try:
        address = ip_address(host)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(address)
