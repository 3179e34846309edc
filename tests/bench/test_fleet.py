"""The fleet page at 100,000 namespaces against the changelist of Django's admin."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from django.test import Client, modify_settings, override_settings

from nsadmin.namespaces.models import LastLook, MirroredNamespace
from tests.bench.peers.visitor import visitor
from tests.bench.rounds import compare
from tests.people import BACKEND

pytestmark = pytest.mark.bench
COUNT = 100_000
_SLICE = 2000


def fill(healths: Callable[[int], str]) -> None:
    """Make namespaces with looks; every 10th or so of them is in trouble."""
    now = datetime.now(UTC)
    for start in range(0, COUNT, _SLICE):
        keys = range(start, start + _SLICE)
        MirroredNamespace.objects.bulk_create(
            MirroredNamespace(
                namespace_id=f"ns_{n:08}",
                internal_id=f"int_{n % 200}",
                name=f"namespace {n}",
                name_key=f"namespace {n}",
                search_text=f"namespace {n} " * 10,
                health=healths(n),
                mirrored_at=now,
            )
            for n in keys
        )
        LastLook.objects.bulk_create(
            LastLook(namespace_id=f"ns_{n:08}", taken_at=now, ok=True, live={})
            for n in keys
        )


@pytest.fixture
def sites(cast, client: Client) -> Iterator[Callable[[str], int]]:
    """Asks our pages as staff, and those of the admin."""
    person = cast.users["platform_admin"]
    client.force_login(person, BACKEND)
    apps = {"append": ["django.contrib.admin"]}
    with (
        modify_settings(INSTALLED_APPS=apps),
        override_settings(ROOT_URLCONF="tests.bench.peers.admin_urls"),
    ):
        yield visitor(client)


@pytest.mark.parametrize(
    ("what", "healths"),
    [
        (
            "fleet, 100,000 namespaces, 10 % in trouble",
            lambda n: "error" if n % 10 == 7 else "ready",
        ),
        ("fleet, 100,000 namespaces, all unknown", lambda _: "unknown"),
    ],
    ids=["ten percent", "all"],
)
def test_the_fleet_page(sites, what, healths):
    fill(healths)
    admin = "/peer/"
    assert sites("/fleet/") == 200
    assert sites(admin) == 200
    compare(what, lambda: sites("/fleet/"), lambda: sites(admin), limit="1.0")
