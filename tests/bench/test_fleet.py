"""The fleet page at 100,000 namespaces against the changelist of Django's admin."""

from collections.abc import Callable, Iterator

import pytest
from django.db.models import Case, Expression, Value, When
from django.test import Client, modify_settings, override_settings

from nsadmin.access.models import User
from nsadmin.access.permissions import Role
from nsadmin.namespaces.listing.counting import triggers
from nsadmin.namespaces.models import MirroredNamespace
from tests.bench.peers.visitor import visitor
from tests.bench.rounds import compare, statements
from tests.bench.world import LARGE, Worlds
from tests.faults import database
from tests.people import BACKEND

pytestmark = pytest.mark.bench
PEER = "/peer/"
# Names end with a digit.
ERROR = When(name__endswith="7", then=Value("error"))
HEALTHS = {
    "10 % in trouble": Case(ERROR, default=Value("ready")),
    "all unknown": Value("unknown"),
}
# The troubles of the other kinds would come first.
SOUND = {"unreadable": "", "differences": 0, "clone_status": ""}


@pytest.fixture(scope="module")
def copied(worlds: Worlds) -> Iterator[database.Rows]:
    """A copy of the large world; no trigger follows the changes of its rows."""
    with database.copy(worlds.of(LARGE).rows) as rows:
        with database.using(rows):
            triggers.remove(using="default", plan=[...])
        yield rows


@pytest.fixture
def sites(copied: database.Rows) -> Iterator[Callable[[str], int]]:
    """Asks our pages as staff, and those of the admin."""
    client = Client()
    apps = {"append": ["django.contrib.admin"]}
    with (
        database.using(copied),
        modify_settings(INSTALLED_APPS=apps),
        override_settings(ROOT_URLCONF="tests.bench.peers.admin_urls"),
    ):
        staff = User.objects.filter(platform_role=Role.PLATFORM_ADMIN)
        client.force_login(staff.earliest("pk"), BACKEND)
        yield visitor(client)


def _set(health: Expression) -> None:
    """Update the rows that differ: each is in a dozen indexes."""
    rows = MirroredNamespace.objects
    rows.exclude(**SOUND).update(**SOUND)
    rows.exclude(health=health).update(health=health)


@pytest.mark.parametrize("healths", HEALTHS)
def test_the_fleet_page(sites: Callable[[str], int], healths: str) -> None:
    _set(HEALTHS[healths])

    def ours() -> None:
        assert sites("/fleet/") == 200

    def peer() -> None:
        assert sites(PEER) == 200

    what = f"fleet, 100,000 namespaces, {healths}"
    compare(what, ours, peer, limit="1.0", more=f"{statements(ours)} statements")
