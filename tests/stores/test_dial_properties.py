"""The guard against everything: any spelling of an address, rebinding, redirects."""

import http.server
import ipaddress
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsadmin.errors import Invalid, NsadminError, Unavailable
from nsadmin.stores.qdrant import connectivity
from nsadmin.stores.qdrant.cluster import dedicated
from nsadmin.stores.qdrant.transport import ClusterTransport
from nsadmin.stores.seal import Secret
from nsadmin.stores.ssrf_guard import (
    checked_addresses,
    destination,
    is_public,
)

INSIDE = (
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
    *("172.16.0.0/12", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3"),
)
inside = st.sampled_from(INSIDE).flatmap(
    lambda text: st.integers(
        int(ipaddress.ip_network(text)[0]), int(ipaddress.ip_network(text)[-1])
    ).map(ipaddress.IPv4Address)
)


def spellings(address: ipaddress.IPv4Address) -> list[str]:
    """Every way in which a resolver may read an IPv4 address as a host."""
    a, b, c, d = address.packed
    number = int(address)
    return [
        str(address),
        str(number),
        f"{number:#x}",
        f"0{number:o}",
        f"0{a:o}.0{b:o}.0{c:o}.0{d:o}",
        f"{a:#x}.{b:#x}.{c:#x}.{d:#x}",
        f"{a}.{b}.{c * 256 + d}",
        f"{a}.{b * 65536 + c * 256 + d}",
    ]


@given(inside)
def test_no_spelling_of_an_inside_address_may_be_dialled(address):
    for host in spellings(address):
        try:
            normal = destination(f"http://{host}:6333").host
        except Invalid:
            continue
        with pytest.raises((Invalid, Unavailable)):
            checked_addresses(normal, 6333)


@given(inside)
def test_no_ipv6_that_carries_an_inside_address_is_public(address):
    number = int(address)
    for prefix in ("::ffff:0:0", "::", "64:ff9b::", "::ffff:0:0:0"):
        carried = ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) + number)
        assert not is_public(carried), carried
        with pytest.raises((Invalid, Unavailable)):
            checked_addresses(str(carried), 6333)
    six_to_four = ipaddress.IPv6Address((0x2002 << 112) + (number << 80))
    assert not is_public(six_to_four)


@given(st.text(min_size=1, max_size=60))
def test_any_text_is_one_normal_form_or_refused(text):
    for url in (text, f"http://{text}", f"https://{text}:6333"):
        try:
            found = destination(url)
        except Invalid:
            continue
        assert found.scheme in ("http", "https")
        assert destination(found.url) == found
        parts = httpx.URL(found.url)
        assert (parts.raw_path, parts.userinfo) == (b"/", b"")


# At the wire -------------------------------------------------------------------------


@contextmanager
def answering(status: int, **headers: str) -> Iterator[tuple[int, list[str]]]:
    """A server that gives one answer to everything and remembers what was asked."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.path} {self.headers.get('api-key', '')}")
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_port, asked
        server.shutdown()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_the_key_goes_nowhere(settings, status):
    with (
        answering(200) as (inside_port, inside_asked),
        answering(status, Location=f"http://127.0.0.1:{inside_port}/") as (port, asked),
    ):
        settings.NSADMIN_CLUSTER_HOSTS = [f"127.0.0.1:{port}=*"]
        cluster = dedicated(f"http://127.0.0.1:{port}", Secret("canary"))
        found = connectivity.reach(cluster, "ns_1", within_s=2, tries_write=True)
    assert asked == ["/ canary"]
    assert not inside_asked
    assert found.version is None


def test_what_is_not_qdrant_is_told_and_gets_no_further(settings):
    with answering(200) as (port, asked):
        settings.NSADMIN_CLUSTER_HOSTS = [f"127.0.0.1:{port}=*"]
        cluster = dedicated(f"http://127.0.0.1:{port}", Secret("canary"))
        found = connectivity.reach(cluster, "ns_1", within_s=2, tries_write=True)
    assert len(asked) == 1
    assert isinstance(found.fault, NsadminError)
    assert "not Qdrant" in found.fault.message


def guarded() -> ClusterTransport:
    """A transport to a customer's cluster."""
    return ClusterTransport(
        lambda host, port, left_s: checked_addresses(host, port, within_s=left_s)
    )


class Resolver:
    """A name server whose answers take turns, in the place of the operating system's."""

    def __init__(self, *turns: str) -> None:
        self._turns, self.asked = list(turns), 0

    def __call__(self, _host: str, port: int, **given: object) -> list[object]:
        if given.get("flags"):
            raise socket.gaierror("The host is a name, not a number.")
        self.asked += 1
        turn = self._turns[min(self.asked, len(self._turns)) - 1]
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port))
            for one in turn.split()
        ]


@pytest.fixture
def dialled(monkeypatch) -> list[str]:
    """Where sockets would connect to; none does."""
    found: list[str] = []

    def connect(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
        found.append(address[0])
        raise OSError("not in this test")

    monkeypatch.setattr(socket, "create_connection", connect)
    return found


def test_a_name_that_rebinds_gains_nothing(monkeypatch, dialled):
    resolver = Resolver("93.184.216.34", "127.0.0.1")
    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    with httpx.Client(transport=guarded(), trust_env=False) as client:
        with pytest.raises(httpx.ConnectError):
            client.get("http://rebinding.example:6333/")
        assert (resolver.asked, dialled) == (1, ["93.184.216.34"])
        for _ in range(100):
            with pytest.raises(Invalid):
                client.get("http://rebinding.example:6333/")
    assert dialled == ["93.184.216.34"]


@pytest.mark.parametrize(
    "turn", ["93.184.216.34 127.0.0.1", "127.0.0.1 93.184.216.34", "1.1.1.1 10.0.0.8"]
)
def test_one_inside_address_among_several_refuses_them_all(monkeypatch, dialled, turn):
    monkeypatch.setattr(socket, "getaddrinfo", Resolver(turn))
    with (
        httpx.Client(transport=guarded(), trust_env=False) as client,
        pytest.raises(Invalid),
    ):
        client.get("http://several.example:6333/")
    assert dialled == []


def test_the_operators_list_names_host_and_port_and_no_other(settings, monkeypatch):
    settings.NSADMIN_CLUSTER_HOSTS = ["qdrant-ns-prod:6333=*"]
    monkeypatch.setattr(socket, "getaddrinfo", Resolver("10.0.0.8"))
    (address,) = checked_addresses("qdrant-ns-prod", 6333)
    assert str(address) == "10.0.0.8"
    for host, port in (("qdrant-ns-prod", 6334), ("other", 6333), ("10.0.0.8", 6333)):
        with pytest.raises(Invalid):
            checked_addresses(host, port)
