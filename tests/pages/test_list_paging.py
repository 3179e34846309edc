"""Pages of the list lead on by places: at any depth, without scripts, and back."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nsadmin.access.models import User
from nsadmin.embedded.fleet.load import write_fleet_people
from nsadmin.embedded.fleet.plan import FleetPlan
from nsadmin.namespaces.mirror import comparison
from nsadmin.namespaces.models import MirroredNamespace, MirrorFill
from tests.bench.world import write_rows
from tests.people import BACKEND

_START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def many(cast) -> list[str]:
    """Sixty rows of the organization; return the names in the order of the list."""
    MirroredNamespace.objects.bulk_create(
        MirroredNamespace(
            namespace_id=f"ns_{n:04}",
            organization_id=cast.northlight.organization_id,
            internal_id=cast.northlight.internal_id,
            name=f"row {n:02}",
            name_key=f"row {n:02}",
            search_text=f"row {n:02}\n",
            updated_at=_START + timedelta(minutes=n),
            mirrored_at=_START,
        )
        for n in range(60)
    )
    rows = MirroredNamespace.objects.exclude(internal_id=cast.halden.internal_id)
    return list(rows.order_by("-updated_at", "-pk").values_list("name", flat=True))


def shown(text: str) -> list[str]:
    return re.findall(r'<th scope="row"><a [^>]*>([^<]*)</a>', text)


def link(text: str, rel: str) -> str:
    found = re.search(rf'href="([^"]*)" rel="{rel}"', text)
    return unescape(found.group(1)) if found else ""


def test_older_leads_to_the_end_and_newer_back(browse, many) -> None:
    client = browse()
    text = client.get("/namespaces/").content.decode()
    found, pages = shown(text), [text]
    while address := link(pages[-1], "next"):
        pages.append(client.get(address).content.decode())
        found += shown(pages[-1])
    assert found == many
    assert "26\u201350 of 62" in pages[1]
    assert "51\u201362 of 62" in pages[2]
    back = client.get(link(pages[2], "prev")).content.decode()
    assert shown(back) == shown(pages[1])
    first = client.get(link(back, "prev")).content.decode()
    assert shown(first) == shown(pages[0])
    assert not link(first, "prev")


def test_a_bookmark_whose_rows_are_gone_begins_anew(browse, many) -> None:
    client = browse()
    address = link(client.get("/namespaces/").content.decode(), "next")
    MirroredNamespace.objects.filter(name__in=many[20:30]).delete()
    assert shown(client.get(address).content.decode())[:2] == many[30:32]
    MirroredNamespace.objects.filter(name__in=many[25:]).delete()
    assert shown(client.get(address).content.decode()) == many[:20]


def test_a_place_of_another_list_begins_anew(browse, many) -> None:
    client = browse()
    address = link(client.get("/namespaces/").content.decode(), "next")
    for other in ("&sort=name", "&search=row", "&tier=shared", "x"):
        assert client.get(address + other).status_code == 200
    text = client.get(f"{address}&sort=name").content.decode()
    assert shown(text)[1:3] == ["row 00", "row 01"]


def test_an_old_address_with_an_offset_still_works(browse, many) -> None:
    text = browse().get("/namespaces/?offset=25").content.decode()
    assert shown(text) == many[25:50]
    assert "26\u201350 of 62" in text


@pytest.mark.parametrize(
    "query",
    [
        *("", "search=row", "tier=shared&health=unknown", "search=row&sort=name"),
        *("tier=shared", "offset=25", "scope=org&sort=expiry&order=desc"),
    ],
)
def test_a_page_is_small_and_takes_few_statements(browse, many, query) -> None:
    client = browse()
    client.get("/namespaces/")
    with CaptureQueriesContext(connection) as queries:
        response = client.get(f"/namespaces/?{query}")
    assert len(shown(response.content.decode())) == 25
    assert len(queries) <= 8


DELETED = "/namespaces/deleted/"


def gone(text: str) -> list[str]:
    return re.findall(r'title="(row \d\d)"', text)


@pytest.fixture
def buried(many) -> list[str]:
    """Thirty of them deleted; return their names, the last deleted first."""
    rows = MirroredNamespace.objects.filter(name__gte="row 30", name__lt="s")
    rows.update(deleted_at=F("updated_at"), purge_after=F("updated_at"))
    return list(rows.order_by("-deleted_at").values_list("name", flat=True))


def test_the_deleted_lead_to_the_end_and_back(browse, buried) -> None:
    client = browse()
    text = client.get(DELETED).content.decode()
    assert "1\u201325 of 30" in text
    assert not link(text, "prev")
    rest = client.get(link(text, "next")).content.decode()
    assert gone(text) + gone(rest) == buried
    assert "26\u201330 of 30" in rest
    assert not link(rest, "next")
    back = client.get(link(rest, "prev")).content.decode()
    assert gone(back) == gone(text)
    assert not link(back, "prev")
    # The addresses of earlier versions.
    old = client.get(f"{DELETED}?offset=20").content.decode()
    assert gone(old) == buried[20:]
    assert "21\u201330 of 30" in old
    assert gone(client.get(link(old, "prev")).content.decode()) == buried[:25]
    for odd in ("?offset=30", "?offset=x", "?after=x&before=y", "?page=2"):
        assert gone(client.get(DELETED + odd).content.decode()) == buried[:25], odd


def test_a_page_of_the_deleted_takes_few_statements(browse, buried) -> None:
    client = browse()
    client.get(DELETED)
    for query in ("", "?offset=5"):
        with CaptureQueriesContext(connection) as queries:
            client.get(f"{DELETED}{query}")
        assert len(queries) <= 7


@pytest.mark.parametrize(
    ("role", "path", "mark"),
    [
        ("admin", "/namespaces/", 'id="totals"'),
        ("admin", DELETED, "<h1>Deleted</h1>"),
        ("admin", "/search/?q=row", "Namespaces</h2>"),
        ("admin", "/search/", "Namespaces that changed last"),
        ("support", "/platform/namespaces/", "<h1>Namespaces</h1>"),
        ("support", "/fleet/", "Needs attention"),
    ],
)
def test_each_list_of_namespaces_says_how_old_it_is(
    browse, buried, role, path, mark
) -> None:
    client = browse(role)
    behind = "later changes by other programs are not listed yet"
    for age, is_late in (1, False), (3, True):
        filled_at = timezone.now() - timedelta(minutes=age)
        MirrorFill.objects.update(filled_at=filled_at)
        text = client.get(path).content.decode().partition(mark)[2]
        updated = text.partition("Updated ")[2]
        assert f"{age}\u00a0min ago" in updated[:200], updated[:200]
        assert (behind in text) == is_late


@pytest.fixture
def fleet(db, _wired, settings) -> Client:
    """The admin of an organization that has a hundred namespaces of usual size."""
    condensed = "tests.condensed.Middleware"
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != condensed]
    plan = FleetPlan(namespaces=250, organizations=2)
    write_fleet_people(plan)
    write_rows(plan, plan.namespaces)
    comparison.record_filled(plan.namespaces, datetime.now(UTC))
    client = Client()
    admin = User.objects.get(email=f"admin@{plan.owners[0].slug}.example")
    client.force_login(admin, BACKEND)
    return client


def sent(text: str) -> int:
    """How many bytes a text has where the names of static files have their hashes."""
    return len(text.encode()) + len(".0123456789ab") * text.count("/static/")


@pytest.mark.parametrize("query", ["", "sort=expiry", "search=extractor"])
@pytest.mark.parametrize("are_expiring", [False, True])
def test_a_page_of_fifty_rows_is_under_59_kb(fleet, query, are_expiring) -> None:
    if are_expiring:  # and none is known to be healthy
        soon = datetime.now(UTC) + timedelta(hours=3)
        MirroredNamespace.objects.update(expires_at=soon, is_protected=False)
        MirroredNamespace.objects.update(looked_at=_START)
    text = fleet.get(f"/namespaces/?{query}").content.decode()
    assert len(shown(text)) == 25
    assert (text.count("Deleted in") == 25) == are_expiring
    rows = text.split("<tbody>")[1].split("</tbody>")[0]
    assert sent(text) + sent(rows) < 59 * 1024
