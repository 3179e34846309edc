"""The list of the namespaces of all organizations, for the platform's people."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nsadmin.access.models import Organization
from nsadmin.health import all_rows
from nsadmin.health.sampling.sampler import sample
from nsadmin.namespaces.models import (
    ClusterReading,
    MirroredNamespace,
    MirrorFill,
)
from tests.cast import Cast
from tests.pages.conftest import HTMX

Browse = Callable[..., Client]
LIST = "/platform/namespaces/"


def text_of(client: Client, query: str = "", **headers: str) -> str:
    response = client.get(f"{LIST}{query}", headers=headers)
    assert response.status_code == 200, query
    return " ".join(response.content.decode().replace("<wbr>", "").split())


def ids(text: str) -> list[str]:
    body = text.partition("<tbody>")[2].partition("</tbody>")[0]
    return re.findall(r"<code>(\S+)</code>", body)


def add(organization: Organization, count: int, prefix: str = "ns_many") -> list[str]:
    rows = MirroredNamespace.objects.bulk_create(
        MirroredNamespace(
            namespace_id=f"{prefix}{number:05}",
            organization_id=organization.organization_id,
            internal_id=organization.internal_id,
            name=f"secret name {number}",
            name_key=f"secret name {number}",
            extractor_ids=["one", "two"],
            document_count=1234,
            updated_at=timezone.now(),
            mirrored_at=timezone.now(),
        )
        for number in range(count)
    )
    return [row.pk for row in rows]


@pytest.mark.parametrize("role", ["support", "platform_admin"])
def test_rows_have_figures_and_no_names_without_a_session(
    cast: Cast, browse: Browse, role: str
) -> None:
    add(cast.halden, 1)
    MirroredNamespace.objects.filter(pk="ns_many00000").update(looked_at=timezone.now())
    text = text_of(browse(role))
    for one in (cast.own, cast.foreign):
        assert one.namespace_id in ids(text)
        assert one.name not in text
        assert f"/namespaces/{one.namespace_id}/" not in text
    row = text[text.index("ns_many00000") :].partition("</tr>")[0]
    assert "secret" not in row
    assert "1,234" in row
    assert '<td class="num roomy">2</td>' in row
    assert "now" in row or " s ago" in row
    assert f"/support/new/?organization={cast.halden.organization_id}" in row


def test_a_cancelled_clone_has_not_failed(cast: Cast, browse: Browse) -> None:
    add(cast.halden, 2)
    for key, reason in (("ns_many00000", "cancelled"), ("ns_many00001", "disk full")):
        MirroredNamespace.objects.filter(pk=key).update(
            health="failed",
            clone_status="failed",
            clone_error=reason,
            looked_at=timezone.now(),
        )
    text = text_of(browse("support"))
    cancelled, failed = (
        text[text.index(key) :].partition("</tr>")[0]
        for key in ("ns_many00000", "ns_many00001")
    )
    assert "Clone cancelled" in cancelled
    assert "Clone failed" in failed
    assert "Clone failed or cancelled" in text, "in the filter"
    assert "disk full" not in failed


def test_names_are_there_during_a_session_of_their_organization(
    cast: Cast, browse: Browse
) -> None:
    cast.open_session("support", cast.northlight)
    text = text_of(browse("support"))
    assert cast.own.name in text
    assert f'href="/namespaces/{cast.own.namespace_id}/"' in text
    assert cast.foreign.name not in text
    assert f'href="/namespaces/{cast.foreign.namespace_id}/"' not in text


def test_filters_narrow_the_list(cast: Cast, browse: Browse) -> None:
    made = add(cast.halden, 4)
    rows = MirroredNamespace.objects
    rows.filter(pk=made[0]).update(tier="dedicated_gpu", unreadable="a: not a number")
    rows.filter(pk=made[1]).update(health="error", differences=2)
    rows.filter(pk=made[2]).update(health="error", clone_status="failed")
    rows.filter(pk=made[3]).update(health="error", deletion_task_id="job")
    support = browse("support")

    def found(query: str) -> list[str]:
        return [one for one in ids(text_of(support, f"?{query}")) if one in made]

    assert found("tier=dedicated_gpu") == found("attention=unreadable") == [made[0]]
    assert found("attention=differs") == found("status=error") == [made[1]]
    assert found("status=failed") == [made[2]]
    assert found("status=deleting") == [made[3]]
    assert found("status=nonsense&tier=%00&attention=x") == made
    assert found(f"search={made[2]}") == [made[2]]
    assert found("organization=halden+MUSEUM+labs") == made
    assert found(f"organization={cast.halden.organization_id}") == made
    assert found(f"organization={cast.northlight.organization_id}") == []
    assert found("organization=nobody") == []
    text = text_of(support, "?organization=nobody")
    assert "There is no organization with the name or id “nobody”." in text
    assert "No namespace has an id" in text_of(support, "?search=zzz")


def test_an_id_is_searched_by_its_beginning_letter_by_letter(
    cast: Cast, browse: Browse
) -> None:
    if connection.vendor == "postgresql":  # in such an order case hardly counts
        with connection.cursor() as cursor:
            cursor.execute(
                f"ALTER TABLE {MirroredNamespace._meta.db_table} ALTER COLUMN"
                ' namespace_id TYPE varchar(128) COLLATE "en-x-icu"'
            )
    (made,) = add(cast.halden, 1, "ns_b%_a")
    for other in ("NS_B%_A", "nsb%_a", "ns_b%a", "ns-b%_a", "ns_bxxa", "ns_b%_b"):
        add(cast.halden, 1, other)
    for text in ("ns_b%25_a", "ns_b%25_a0"):
        assert ids(text_of(browse("support"), f"?search={text}")) == [made]
    assert ids(text_of(browse("support"), "?search=NS_B%25")) == ["NS_B%_A00000"]


def test_a_state_that_is_too_old_is_unknown_and_filters_say_so(
    cast: Cast, browse: Browse
) -> None:
    (made,) = add(cast.halden, 1)
    sample()
    rows = MirroredNamespace.objects.filter(pk=made)
    rows.update(health="ready", looked_at=timezone.now())
    support, behind = browse("support"), "go by what was last known"

    def line(text: str) -> str:
        return text[text.index(f"{made}</code>") :].partition("</tr>")[0]

    text = text_of(support, "?status=ready")
    assert "Ready" in line(text)
    assert behind not in text
    long_ago = timezone.now() - timedelta(minutes=11)
    MirroredNamespace.objects.update(looked_at=long_ago)
    ClusterReading.objects.update(turn_at=long_ago, counted_at=long_ago)
    text = text_of(support, "?status=ready")
    assert "Unknown" in line(text)
    assert "Ready" not in line(text)
    assert "11 min ago" in line(text)
    assert behind in text
    # Nothing was stored as unknown, so the list is empty.
    assert behind in text_of(support, f"?status=unknown&search={made}")


def test_pages_lead_on_and_back_through_every_row(cast: Cast, browse: Browse) -> None:
    made = add(cast.halden, 60)
    support, seen = browse("support"), []
    query = f"?organization={cast.halden.organization_id}&search=ns_many"
    text = text_of(support, query)
    assert "60 namespaces" in text
    assert 'rel="prev"' not in text
    while True:
        seen += ids(text)
        following = re.search(r'href="([^"]+)" rel="next"', text)
        if following is None:
            break
        text = text_of(support, following[1].removeprefix(LIST).replace("&amp;", "&"))
    assert seen == made
    back = re.search(r'href="([^"]+)" rel="prev"', text)
    assert back is not None
    text = text_of(support, back[1].removeprefix(LIST).replace("&amp;", "&"))
    assert ids(text) == made[25:50]
    assert ids(text_of(support, f"{query}&before={made[10]}")) == made[:10]
    # A filter that is chosen begins anew.
    assert "after=" not in text.partition("Needs attention")[2].partition("<table")[0]


def test_totals_come_from_the_counters(cast: Cast, browse: Browse) -> None:
    add(cast.halden, all_rows.COUNTED + 1)
    rows = MirroredNamespace.objects.exclude(deleted_at__isnull=False)
    support, every = browse("support"), rows.count()
    assert f"{every:,} namespaces" in text_of(support)
    assert "1,002 namespaces" in text_of(support, "?organization=halden+museum+labs")
    assert "1,000+ namespaces" in text_of(support, "?search=ns_many")
    assert "1,000 namespaces" in text_of(support, "?search=ns_many00")


def test_it_says_how_old_the_mirror_is(cast: Cast, browse: Browse) -> None:
    support = browse("support")
    for query in ("", "?search=none"):
        MirrorFill.objects.update(filled_at=timezone.now())
        text = text_of(support, query)
        assert "Updated" in text
        assert "not listed yet" not in text
        MirrorFill.objects.update(filled_at=timezone.now() - timedelta(minutes=3))
        assert "later changes by other programs are not listed yet" in text_of(
            support, query
        )


def test_the_cost_is_the_same_however_many_there_are(
    cast: Cast, browse: Browse
) -> None:
    support = browse("support")
    add(cast.halden, 60, "ns_few")

    def cost() -> tuple[int, int]:
        support.get(LIST)
        with CaptureQueriesContext(connection) as queries:
            size = len(support.get(LIST).content)
        return len(queries), size

    queries, size = cost()
    assert queries <= 8
    add(cast.northlight, 3000, "ns_v")
    now_queries, now_size = cost()
    assert now_queries == queries
    assert abs(now_size - size) < 2000


def test_htmx_gets_the_rows_and_the_filters(browse: Browse) -> None:
    text = text_of(
        browse("support"), "?search=ns&organization=northlight+media", **HTMX
    )
    assert text.startswith('<div id="rows">')
    assert "<html" not in text
    assert 'id="age" hx-swap-oob="true"' in text
    filters = text.partition('id="facets"')[2]
    assert 'hx-swap-oob="true"' in filters
    assert "Northlight Media" in filters


def test_members_have_no_such_page(browse: Browse) -> None:
    for role in ("viewer", "member", "admin"):
        assert browse(role).get(LIST).status_code == 403
