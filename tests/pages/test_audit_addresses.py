"""Who sees on a page the address that an event was sent from."""

import csv

import pytest

from nsadmin.access.models import Organization
from nsadmin.audit import record
from nsadmin.audit.record import RecordedActor
from tests.audit.sending import sent_from
from tests.cast import Cast

SENDER, STAFF = "198.51.100.7", "2001:db8:85a3:8d3:1319:8a2e:370:7348"


def write(organization: Organization, namespace_id: str, address: str) -> None:
    """Record an event of an organization about a namespace."""
    with sent_from(address):
        record.record(
            action="namespace:update",
            summary=f"Changed by {organization.name}.",
            actor=RecordedActor("user", "1", "mara@northlight.example"),
            organization_id=organization.organization_id,
            namespace_id=namespace_id,
        )


@pytest.fixture
def written(cast: Cast) -> None:
    """An event of Northlight about its namespace."""
    write(cast.northlight, cast.own.namespace_id, SENDER)


def addresses(response) -> list[str]:
    """The column of a CSV answer."""
    text = b"".join(response.streaming_content).decode()
    return [row["client_address"] for row in csv.DictReader(text.splitlines())]


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize("path", ["own", "/organization/audit/"])
def test_an_admin_sees_it_at_both_widths(browse, own, path: str) -> None:
    path = f"{own}audit/" if path == "own" else path
    text = browse("admin").get(path).content.decode()
    assert f'<div class="sub">from <code>{SENDER}</code></div>' in text
    narrow = text.partition('<div class="sub narrow">')[2].partition("</div>")[0]
    assert narrow.rstrip().endswith(f"done, from <code>{SENDER}</code>")
    assert addresses(browse("admin").get(f"{path}?format=csv")) == [SENDER]


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize("role", ["viewer", "member"])
def test_those_who_read_a_namespace_alone_do_not_see_it(browse, own, role) -> None:
    client = browse(role)
    text = client.get(f"{own}audit/").content.decode()
    assert "Changed by Northlight Media." in text
    assert SENDER not in text
    assert addresses(client.get(f"{own}audit/?format=csv")) == [""]
    # A search that finds it would tell it.
    found = client.get(f"{own}audit/?text={SENDER}").content.decode()
    assert "Changed by" not in found


@pytest.mark.usefixtures("written")
def test_support_sees_it_in_a_session(browse, cast: Cast, own) -> None:
    cast.open_sessions("support")
    assert SENDER in browse("support").get(f"{own}audit/").content.decode()


def test_of_a_system_namespace_each_sees_the_own_ones(browse, cast: Cast) -> None:
    write(cast.northlight, cast.system.namespace_id, SENDER)
    write(cast.operator, cast.system.namespace_id, STAFF)
    path = f"/namespaces/{cast.system.namespace_id}/audit/"
    text = browse("admin").get(path).content.decode()
    assert "Changed by Platform Operations." in text
    assert SENDER in text
    assert STAFF not in text
    assert addresses(browse("admin").get(f"{path}?format=csv")) == ["", SENDER]
    assert STAFF in browse("support").get(path).content.decode()
    assert SENDER not in browse("support").get(path).content.decode()


@pytest.mark.usefixtures("written")
def test_the_log_of_the_organization_is_searched_by_it(browse, cast: Cast) -> None:
    write(cast.northlight, "ns_other", STAFF)
    rows = "/organization/audit/?format=csv&text="
    assert addresses(browse("admin").get(f"{rows}{SENDER}")) == [SENDER]
    assert addresses(browse("admin").get(f"{rows}2001:DB8:")) == [STAFF]
    assert addresses(browse("admin").get(f"{rows}192.0.2.1")) == []


def test_without_one_nothing_is_said_and_markup_is_text(browse, cast: Cast) -> None:
    write(cast.northlight, cast.own.namespace_id, "")
    text = browse("admin").get("/organization/audit/").content.decode()
    assert "from <code>" not in text
    write(cast.northlight, cast.own.namespace_id, "fe80::1%<b>")
    text = browse("admin").get("/organization/audit/").content.decode()
    assert text.count("from <code>fe80::1%&lt;b&gt;</code>") == 2
