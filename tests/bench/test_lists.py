"""The list of namespaces beside Django admin's changelist over the same rows."""

import json
import statistics
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import perf_counter
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client

from nsadmin.access.models import Membership, Organization, User
from nsadmin.access.organization.keys import create_key
from nsadmin.access.permissions import Role
from nsadmin.names import search_text
from nsadmin.namespaces.models import (
    MirroredDocument,
    MirroredNamespace,
    MirrorFill,
)
from tests.bench.peers.list_admin import CHANGELIST, admin_of
from tests.bench.rounds import TABLE, Row, compare
from tests.conftest import Servers
from tests.people import BACKEND

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800), pytest.mark.django_db]
SMALL, LARGE, TENANTS, ROUNDS = 10_000, 100_000, 50, 5
WORDS = ("airfields", "weather", "museum", "footage", "archive", "catalogue", "labour")
# {what: (our query, what the admin is asked instead)}
CASES = {
    "first page": ({}, {}),
    **{
        f"by {sort}, {way}": (
            {"sort": sort, "order": way},
            {"o": f"{'-' * (way == 'desc')}{column}"},
        )
        for sort, column in (("name", 1), ("documents", 4), ("indexes", 5))
        for way in ("asc", "desc")
    },
    "by expiry": ({"sort": "expiry"}, {"o": "7"}),
    "frequent tier": ({"tier": "shared"}, {"tier": "shared"}),
    "rare tier": ({"tier": "dedicated_gpu"}, {"tier": "dedicated_gpu"}),
    "frequent health": ({"health": "ready"}, {"health": "ready"}),
    "rare health": ({"health": "error"}, {"health": "error"}),
    "rare health by name": (
        {"health": "error", "sort": "name"},
        {"health": "error", "o": "1"},
    ),
    "no health, tier": (
        {"health": "waiting", "tier": "shared"},
        {"health": "waiting", "tier": "shared"},
    ),
    "frequent extractor": ({"extractor": "text_v1"}, {"q": "text_v1"}),
    "rare extractor": ({"extractor": "odd_v7"}, {"q": "odd_v7"}),
    "expiring": ({"expiring": "1"}, {"health": "ready"}),
    "differs": ({"differs": "1"}, {"health": "error"}),
    "unreadable": ({"unreadable": "1"}, {"health": "error"}),
    "search, frequent": ({"search": "footage"}, {"q": "footage"}),
    "search, frequent, tier": (
        {"search": "footage", "tier": "dedicated_gpu"},
        {"q": "footage", "tier": "dedicated_gpu"},
    ),
    "search, three letters": ({"search": "foo"}, {"q": "foo"}),
    "search, two letters": ({"search": "fo"}, {"q": "fo"}),
    "search, one row": ({"search": "footage 77"}, {"q": "footage 77"}),
    "search, an id": ({"search": "ns_b0009998"}, {"q": "ns_b0009998"}),
    "search, nothing": ({"search": "gesarl"}, {"q": "gesarl"}),
}


def row_of(number: int, organizations: list[Organization]) -> MirroredNamespace:
    """Every second is the first organization's; rare values are of one in 500."""
    at = number // 2 % TENANTS if number % 2 else 0
    owner = organizations[at]
    now = datetime.now(UTC)
    rare, key = number % 500 == 0, f"ns_b{number:07}"
    name = f"{WORDS[number % 7]} {WORDS[number // 7 % 7]} {number}"
    extractors = ["text_v1", "image_v1"] + ["odd_v7"] * rare
    return MirroredNamespace(
        namespace_id=key,
        organization_id=owner.organization_id,
        internal_id=owner.internal_id,
        name=name,
        name_key=name,
        description=f"About {name}. " * 5,
        search_text=search_text(name, key, *extractors, f"About {name}. " * 5),
        scope="system" if number % 1000 == 7 else "org",
        tier="dedicated_gpu" if number % 100 == 4 else "shared",
        extractor_ids=extractors,
        index_count=number % 17,
        document_count=None if number % 5 == 0 else number * 7 % 10_000,
        health="error" if rare else "ready",
        differences=int(rare),
        unreadable="odd" * (number % 1000 == 2),
        expires_at=now + timedelta(hours=number % 5000) if number % 10 == 6 else None,
        created_at=now - timedelta(minutes=number),
        updated_at=now - timedelta(minutes=number * 31 % LARGE),
        mirrored_at=now,
    )


def fill(organizations: list[Organization], start: int, end: int) -> None:
    """Write rows with their documents."""
    for first in range(start, end, 2000):
        rows = [row_of(n, organizations) for n in range(first, first + 2000)]
        MirroredNamespace.objects.bulk_create(rows)
        MirroredDocument.objects.bulk_create(
            MirroredDocument(
                namespace_id=row.namespace_id,
                content={
                    "_id": row.namespace_id,
                    "namespace_id": row.namespace_id,
                    "namespace_name": row.name,
                    "internal_id": row.internal_id,
                    "description": row.description,
                    "revision": 1,
                    "padding": "x" * 3000,
                },
            )
            for row in rows
        )
    MirrorFill.objects.update_or_create(
        pk=1, defaults={"filled_at": datetime.now(UTC), "documents": end}
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def getter(client: Client, path: str, query: dict[str, str]) -> Callable[[], bytes]:
    def get() -> bytes:
        response = client.get(f"{path}?{urlencode(query)}")
        assert response.status_code == 200, response.content[:500]
        return bytes(response.content)

    return get


def median(call: Callable[[], object]) -> float:
    found = []
    for _ in range(ROUNDS):
        began = perf_counter()
        call()
        found.append(perf_counter() - began)
    return statistics.median(found)


def place_at(client: Client, depth: int) -> dict[str, str]:
    """Return the parameter that leads on from a row at this depth."""
    page = client.get(f"/namespaces/?offset={depth}").content.decode()
    return {"after": page.split("after=")[1].split('"')[0].split("&")[0]}


def api(client: Client, key: str, body: dict[str, object]) -> Callable[[], object]:
    def call() -> object:
        response = client.post(
            "/v1/namespaces/list?limit=25&view=summary",
            json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {key}"},
        )
        assert response.status_code == 200, response.content
        return response

    return call


def test_lists_beside_the_changelist(stores: Servers, settings) -> None:
    settings.NSADMIN_RATE_LIMIT = "1000000/minute"
    settings.NSADMIN_ORGANIZATION_RATE_LIMIT = "1000000/minute"
    organizations = Organization.objects.bulk_create(
        Organization(name=f"Tenant {n}", internal_id=f"int_{n:06}")
        for n in range(TENANTS)
    )
    person = User.objects.create_user("lists@bench.example", "a-long-enough-password")
    Membership.objects.create(
        user=person, organization=organizations[0], role=Role.ADMIN.value
    )
    client = Client()
    client.force_login(person, BACKEND)
    fill(organizations, 0, SMALL)
    small = {
        what: median(getter(client, "/namespaces/", ours))
        for what, (ours, _) in CASES.items()
    }
    fill(organizations, SMALL, LARGE)
    _, key = create_key(organizations[0], name="bench", role=Role.MEMBER)
    with admin_of(person) as theirs:
        for what, (ours, peer) in CASES.items():
            mine = getter(client, "/namespaces/", ours)
            compare(
                f"list of 100,000, {what}",
                mine,
                getter(theirs, CHANGELIST, peer),
                limit="0.5",
                rounds=ROUNDS,
            )
            size = len(mine())
            now, then = median(mine), small[what]
            texts = (f"{now * 1000:.1f} ms", f"{then * 1000:.1f} ms")
            TABLE.append(Row(f"  growth, {size:,} bytes", *texts, now / then, "1.3", 0))
        compare(
            "list of 100,000, in the depth",
            getter(client, "/namespaces/", place_at(client, 25_000)),
            getter(theirs, CHANGELIST, {"p": "2000"}),
            limit="0.5",
            rounds=ROUNDS,
        )
        compare(
            "list of 100,000, an old offset of 25,000",
            getter(client, "/namespaces/", {"offset": "25000"}),
            getter(theirs, CHANGELIST, {"p": "2000"}),
            limit="0.5",
            rounds=ROUNDS,
        )
        bodies: dict[str, dict[str, object]] = {
            "first page": {},
            "by name": {"sort": {"field": "namespace_name", "direction": "asc"}},
            "search, frequent": {"search": "footage"},
            "search, nothing": {"search": "gesarl"},
        }
        for what, body in bodies.items():
            compare(
                f"API list of 100,000, {what}",
                api(Client(), key, body),
                getter(theirs, CHANGELIST, {"q": str(body.get("search", ""))}),
                limit="0.3",
                rounds=ROUNDS,
            )
