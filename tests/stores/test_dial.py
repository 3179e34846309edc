"""Which addresses may be dialled: shapes of URLs, ranges, and the connection itself."""

import ipaddress

import pytest

from nsadmin.checks import cluster_hosts
from nsadmin.errors import Invalid, Unavailable
from nsadmin.stores.qdrant.cluster import Cluster, dedicated, http
from nsadmin.stores.ssrf_guard import checked_addresses, destination, is_public


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://Q.Example:6333/", "https://q.example:6333"),
        ("https://q.example.", "https://q.example:443"),
        ("http://q.example:8443", "http://q.example:8443"),
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
        "http://q.example:27017", "http://q.example", "http://q.example:80",
        "http://q.example:2375", "http://q.example:5432", "http://q.example:6379",
        "http://q.example:9200", "http://q.exa mple", "http://q.example\n.evil",
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
        "64:ff9b::a9fe:a9fe", "3fff::1", "3fff:fff::1", "5f00::1", "100::1", "100:0:0:1::1",
        "192.31.196.1", "192.52.193.1", "192.175.48.6", "192.0.0.9", "192.0.2.1",
        "198.51.100.1", "203.0.113.1", "2001::1", "2001:20::1", "2620:4f:8000::1",
        "64:ff9b:1::1", "2002:7f00:1::", "2001:db8::1",
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
        checked_addresses(host, 6333)


@pytest.mark.parametrize(
    "entry", ["127.0.0.1:6333", "127.0.0.1=org_a", "127.0.0.1:x=org_a", "=*", ""]
)
def test_an_entry_that_names_no_organization_lists_nothing(settings, entry):
    settings.NSADMIN_CLUSTER_HOSTS = [entry]
    with pytest.raises(Invalid):
        checked_addresses("127.0.0.1", 6333, organization_id="org_a")
    (found,) = cluster_hosts()
    assert found.id == "nsadmin.E004"


def test_the_operator_may_list_a_private_address_for_every_organization(settings):
    settings.NSADMIN_CLUSTER_HOSTS = ["127.0.0.1:6333=*"]
    for organization_id in ("org_a", "org_b", ""):
        found = checked_addresses("127.0.0.1", 6333, organization_id=organization_id)
        assert [str(address) for address in found] == ["127.0.0.1"]
    with pytest.raises(Invalid):
        checked_addresses("127.0.0.1", 6334)
    assert cluster_hosts() == []


def test_a_listed_address_is_for_the_organizations_that_it_names(settings):
    settings.NSADMIN_CLUSTER_HOSTS = ["127.0.0.1:9000=org_a", "127.0.0.1:9000=org_b"]
    for organization_id in ("org_a", "org_b"):
        dedicated("http://127.0.0.1:9000", None, organization_id=organization_id)
        checked_addresses("127.0.0.1", 9000, organization_id=organization_id)
    for organization_id in ("org_c", "", "*"):
        with pytest.raises(Invalid):
            dedicated("http://127.0.0.1:9000", None, organization_id=organization_id)
        with pytest.raises(Invalid):
            checked_addresses("127.0.0.1", 9000, organization_id=organization_id)


def test_a_public_address_that_is_listed_is_for_these_organizations_too(settings):
    settings.NSADMIN_CLUSTER_HOSTS = ["93.184.216.34:6333=org_a"]
    with pytest.raises(Invalid):
        checked_addresses("93.184.216.34", 6333, organization_id="org_b")
    assert checked_addresses("93.184.216.35", 6333, organization_id="org_b")


def test_other_ports_are_a_setting(settings):
    settings.NSADMIN_CLUSTER_PORTS = [16333]
    assert destination("http://q.example:16333").port == 16333
    with pytest.raises(Invalid, match="16333"):
        destination("http://q.example:16334")


def test_the_guard_stands_at_the_connection(stores, settings):
    """Also for a cluster that was made before the list changed."""
    place = Cluster(stores.qdrant_url, is_shared=False, organization_id="org_a")
    listed = stores.qdrant_url.rpartition("/")[2]
    settings.NSADMIN_CLUSTER_HOSTS = [f"{listed}=org_b"]
    with pytest.raises(Invalid):
        http(place).get("/readyz")
    settings.NSADMIN_CLUSTER_HOSTS = [f"{listed}=org_a"]
    assert http(place).get("/readyz").status_code == 200
