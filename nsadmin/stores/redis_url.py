"""The address of Redis: which kinds of address there are, and the options of TLS.

Broker, cache, sessions and locks have one address. It names one server that takes
writes: their commands use several keys at once, which a cluster refuses, and the cache
cannot ask a Sentinel.
"""

from typing import Any, Final

TLS: Final = "rediss"
_SCHEMES: Final = ("redis", TLS)
_SENTINEL: Final = ("sentinel", "redis+sentinel", "rediss+sentinel")
_CLUSTER: Final = ("redis+cluster", "rediss+cluster", "redis-cluster", "rediscluster")


def fault_of(url: str, *, ca_file: str = "") -> str:
    """Return why this address cannot be used, as a sentence; "" if it can."""
    scheme = url.partition("://")[0].lower()
    if scheme in _SENTINEL:
        return "It names a Sentinel, which is not supported."
    if scheme in _CLUSTER:
        return "It names a cluster, which is not supported."
    if scheme not in _SCHEMES:
        return "It begins with neither redis:// nor rediss://."
    if "," in url.partition("://")[2].partition("/")[0].rpartition("@")[2]:
        return "It names several hosts."
    if ca_file and scheme != TLS:
        return "NSADMIN_REDIS_CA_FILE is set, and the address has no TLS."
    return ""


def tls_options(url: str, *, ca_file: str = "") -> dict[str, Any]:
    """Return the arguments of a connection of redis-py; none without TLS.

    Certificates are checked, against the system's authorities or those of the file. An
    option in the URL's query, such as `ssl_certfile`, adds to these or replaces them.
    """
    if not url.lower().startswith(f"{TLS}://"):
        return {}
    options: dict[str, Any] = {"ssl_cert_reqs": "required", "ssl_check_hostname": True}
    return {**options, "ssl_ca_certs": ca_file} if ca_file else options
