"""An actor who sees hundreds of organizations has one list of them all."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from nsadmin.access.actor import SYSTEM, Grant
from nsadmin.names import search_text
from nsadmin.namespaces.listing.facets import facets_of
from nsadmin.namespaces.listing.listing import listing
from nsadmin.namespaces.listing.query import ListQuery
from nsadmin.namespaces.models import MirroredNamespace, MirrorFill

pytestmark = pytest.mark.django_db
MANY = 600


@pytest.fixture
def rows() -> None:
    now = timezone.now()
    MirroredNamespace.objects.bulk_create(
        MirroredNamespace(
            namespace_id=f"ns_{number:04}",
            organization_id=f"org_{number}",
            internal_id=f"int_{number}",
            name=f"film {number:04}",
            name_key=f"film {number:04}",
            search_text=search_text(f"film {number:04}", f"ns_{number:04}", "text_v1"),
            tier="shared",
            health="ready",
            extractor_ids=["text_v1"],
            updated_at=now - timedelta(seconds=number),
            expires_at=now + timedelta(hours=1, seconds=number),
            mirrored_at=now,
        )
        for number in range(MANY)
    )
    MirrorFill.objects.create(filled_at=now, documents=MANY)


@pytest.mark.parametrize(
    "query",
    [
        ListQuery(),
        ListQuery(sort="name"),
        ListQuery(tier="shared"),
        ListQuery(extractor="text_v1"),
        ListQuery(sort="expiry", expiring=True),
        ListQuery(search="film"),
        ListQuery(search="film", tier="shared", exact=True),
        ListQuery(search="fi"),
        ListQuery(name_contains="film"),
    ],
    ids=range(9),
)
def test_a_list_of_six_hundred_organizations(rows: None, query: ListQuery) -> None:
    first = listing(SYSTEM, query)
    assert [row.pk for row in first.rows] == [f"ns_{n:04}" for n in range(25)]
    assert first.total == MANY
    assert facets_of(first.tally, query).tier == [("shared", MANY)]
    for more in (replace(query, after=first.following), replace(query, offset=25)):
        second = listing(SYSTEM, more)
        assert [row.pk for row in second.rows] == [f"ns_{n:04}" for n in range(25, 50)]


def test_hundreds_of_support_sessions_show_their_organizations_alone(
    rows: None,
) -> None:
    tenants = [f"int_{number}" for number in range(0, MANY, 2)]
    grants = tuple(
        Grant("session", "org", tenant, "name", "ticket", "reason", timezone.now())
        for tenant in tenants
    )
    page = listing(replace(SYSTEM, kind="user", grants=grants), ListQuery())
    assert page.total == len(tenants)
    assert [row.pk for row in page.rows] == [f"ns_{n:04}" for n in range(0, 50, 2)]
