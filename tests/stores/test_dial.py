"""Which addresses may be dialled: shapes of URLs, ranges, and the connection itself."""

import ipaddress

import httpx
import pytest

from nsadmin.errors import Invalid, Unavailable
from nsadmin.stores.ssrf_guard import (
    checked_address,
    destination,
    guarded_transport,
    is_public,
)


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://Q.Example:6333/", "https://q.example:6333"),
        ("https://q.example.", "https://q.example:443"),
        ("http://q.example", "http://q.example:80"),
        ("http://[2606:4700::1]:6333", "http://[2606:4700::1]:6333"),
        ("http://bücher.example:6333", "http://xn--bcher-kva.example:6333"),
    ],
)
def test_a_url_has_one_normal_form(url, normal):
    assert destination(url).url == normal


@pytest.mark.parametrize(
    "url",
    [
        "", "q.example:6333", "ftp://q.example", "file:///etc/passwd", "gopher://q:70",
        "http://", "http://user@q.example", "http://user:pw@q.example:6333",
        "http://q.example/path", "http://q.example?x=1", "http://q.example#f",
        "http://q.example:0", "http://q.example:99999", "http://q.example:22",
        "http://q.example:27017", "http://q.exa mple", "http://q.example\n.evil",
        "http://q.example\\@evil.example", "javascript:alert(1)", "http://[::1",
    ],
)  # fmt: skip
def test_refused_shapes(url):
    with pytest.raises(Invalid) as fault:
        destination(url)
    assert set(fault.value.errors) == {"qdrant_url"}


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "10.1.2.3", "172.16.0.1", "192.168.1.1", "0.0.0.0",
        "169.254.169.254", "100.64.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "168.63.129.16", "192.88.99.1", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1",
        "ff02::1", "fec0::1", "::ffff:127.0.0.1", "::ffff:0:127.0.0.1", "::127.0.0.1",
        "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2001:db8::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_the_open_internet(address):
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111"])
def test_addresses_that_are(address):
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1"])  # fmt: skip
def test_every_spelling_of_loopback_is_refused(host):
    with pytest.raises((Invalid, Unavailable)):
        checked_address(host, 6333)


def test_the_operator_may_list_a_private_address(settings):
    settings.NSADMIN_CLUSTER_HOSTS = ["127.0.0.1:6333"]
    assert checked_address("127.0.0.1", 6333) == "127.0.0.1"
    with pytest.raises(Invalid):
        checked_address("127.0.0.1", 6334)


def test_the_guard_stands_at_the_connection(stores, settings):
    address = httpx.URL(stores.qdrant_url)
    with (
        httpx.Client(transport=guarded_transport(), trust_env=False) as client,
        pytest.raises(Invalid),
    ):
        client.get(f"{stores.qdrant_url}/readyz")
    settings.NSADMIN_CLUSTER_HOSTS = [f"{address.host}:{address.port}"]
    with httpx.Client(transport=guarded_transport(), trust_env=False) as client:
        assert client.get(f"{stores.qdrant_url}/readyz").status_code == 200
