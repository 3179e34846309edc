"""The address of Redis: which kinds of address there are, and the options of TLS.

Broker, cache, sessions and locks have one address. It names one server that takes
writes, or Sentinels that know which server that is:
`redis+sentinel://user:password@host:26379,host:26379/SERVICE/0`. A cluster is refused,
because the commands of nsadmin use several keys at once.
"""

from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from redis.connection import parse_url

TLS: Final = "rediss"
_SCHEMES: Final = ("redis", TLS)
_SENTINEL: Final = ("redis+sentinel", f"{TLS}+sentinel")
_CLUSTER: Final = ("redis+cluster", "rediss+cluster", "redis-cluster", "rediscluster")
_PORT: Final = 26379
_FORM: Final = "redis+sentinel://host:26379,host:26379/SERVICE/0"
# The user and password that the Sentinels themselves ask for.
_SENTINEL_USER: Final = ("sentinel_username", "sentinel_password")
_SWITCHES: Final = ("ssl_check_hostname", "ssl_validate_ocsp")
_SSL: Final = (
    *_SWITCHES,
    "ssl_ca_certs",
    "ssl_ca_path",
    "ssl_cert_reqs",
    "ssl_certfile",
    "ssl_ciphers",
    "ssl_keyfile",
    "ssl_password",
)
_CHECKS_OF_CERTIFICATES: Final = ("none", "optional", "required")
# More digits are no database of any server.
_MAX_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Sentinels:
    """The Sentinels of an address, and what they are asked for.

    `nodes` are hosts and ports; `service` is the name by which the Sentinels know the
    servers; `login` and `sentinel_login` hold `username` and `password`, as far as
    given, of the servers and of the Sentinels; `options` are those of the query.
    """

    nodes: tuple[tuple[str, int], ...]
    service: str
    database: int
    has_tls: bool
    login: dict[str, str] = field(default_factory=dict, repr=False)
    sentinel_login: dict[str, str] = field(default_factory=dict, repr=False)
    options: dict[str, Any] = field(default_factory=dict)

    def broker_url(self) -> str:
        """Return the address in the form of Celery's broker, with the password."""
        secret = ":".join(quote(self.login.get(key, ""), safe="") for key in _LOGIN)
        user = f"{secret}@" if self.login else ""
        return ";".join(
            f"sentinel://{user}{f'[{host}]' if ':' in host else host}:{port}"
            f"/{self.database}"
            for host, port in self.nodes
        )


_LOGIN: Final = ("username", "password")


def is_sentinel(url: str) -> bool:
    """Tell whether the address names Sentinels."""
    return _scheme(url) in _SENTINEL


def has_tls(url: str) -> bool:
    """Tell whether the address asks for TLS."""
    return _scheme(url).partition("+")[0] == TLS


def sentinels(url: str) -> Sentinels:
    """Read an address of Sentinels; raises ValueError with a sentence."""
    place, _, options = url.partition("://")[2].partition("?")
    servers, _, path = place.partition("/")
    user, _, hosts = servers.rpartition("@")
    name, _, password = user.partition(":")
    service, _, database = path.strip("/").partition("/")
    if not service:
        raise ValueError(f"It names no service; the form is {_FORM}.")
    if database and not _is_number(database):
        raise ValueError("What follows the service is no number of a database.")
    query = dict(parse_qsl(options, keep_blank_values=True))
    _require_known(query, tls=has_tls(url))
    return Sentinels(
        nodes=tuple(_node(place) for place in hosts.split(",")),
        service=unquote(service),
        database=int(database or 0),
        has_tls=has_tls(url),
        login=_given(unquote(name), unquote(password)),
        sentinel_login=_given(*(query.pop(key, "") for key in _SENTINEL_USER)),
        options=dict(_ssl_option(*option) for option in query.items()),
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS


def _require_known(query: dict[str, str], *, tls: bool) -> None:
    """Raise ValueError for another option; none is quoted, as it may be a password."""
    if not query.keys() <= {*_SENTINEL_USER, *_SSL}:
        raise ValueError(
            "It has an option that is not known, or a password with “?” or “&” that "
            "is not percent-encoded."
        )
    if not tls and not query.keys() <= set(_SENTINEL_USER):
        raise ValueError("It has options of TLS, and the address has no TLS.")
    if query.get("ssl_cert_reqs", "required") not in _CHECKS_OF_CERTIFICATES:
        known = ", ".join(_CHECKS_OF_CERTIFICATES)
        raise ValueError(f"Its option ssl_cert_reqs has another value than: {known}.")


def _given(username: str, password: str) -> dict[str, str]:
    login = {"username": username, "password": password}
    return {key: value for key, value in login.items() if value}


def _ssl_option(name: str, value: str) -> tuple[str, Any]:
    is_on = value.lower() in {"true", "1", "yes"}
    return name, is_on if name in _SWITCHES else value


def _node(place: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{place}")
        port = _PORT if parts.port is None else parts.port
        (parts.hostname or "").encode("idna")  # as it is looked up
    except ValueError:
        raise ValueError("A Sentinel has no host or port that can be read.") from None
    if not parts.hostname or not port:
        raise ValueError(f"A Sentinel has no host or port; the form is {_FORM}.")
    return parts.hostname, port


def _scheme(url: str) -> str:
    return url.partition("://")[0].lower()


def fault_of(url: str, *, ca_file: str = "") -> str:
    """Return why this address cannot be used, as a sentence; "" if it can."""
    scheme = _scheme(url)
    if scheme == "sentinel":
        return f"An address of Sentinels has the form {_FORM}."
    if scheme in _CLUSTER:
        return "It names a cluster, which is not supported."
    if scheme not in (*_SCHEMES, *_SENTINEL):
        return "It begins with neither redis:// nor rediss://."
    if ca_file and not has_tls(url):
        return "NSADMIN_REDIS_CA_FILE is set, and the address has no TLS."
    if scheme in _SENTINEL:
        return _sentinel_fault(url)
    if "," in url.partition("://")[2].partition("/")[0].rpartition("@")[2]:
        return "It names several hosts."
    return _server_fault(url)


def _server_fault(url: str) -> str:
    try:
        parse_url(url)  # type: ignore[no-untyped-call]
    except ValueError:  # its words may hold a part of the address
        return "It cannot be read; the form is redis://user:password@host:6379/0."
    database = urlsplit(url).path.strip("/")
    if database and not _is_number(database):
        return "What follows the host is no number of a database."
    return ""


def _sentinel_fault(url: str) -> str:
    if any(character.isspace() for character in url):
        return "It has a space or another blank character."
    try:
        sentinels(url)
    except ValueError as fault:
        return str(fault)
    return ""


def tls_options(url: str, *, ca_file: str = "") -> dict[str, Any]:
    """Return the arguments of a connection of redis-py; none without TLS.

    Certificates are checked, against the system's authorities or those of the file. An
    option in the URL's query, such as `ssl_certfile`, adds to these or replaces them.
    """
    if not has_tls(url):
        return {}
    options: dict[str, Any] = {"ssl_cert_reqs": "required", "ssl_check_hostname": True}
    return {**options, "ssl_ca_certs": ca_file} if ca_file else options
