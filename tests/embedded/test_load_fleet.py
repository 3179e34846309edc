"""`manage.py load_fleet`: a world of many namespaces, here a small one."""

import statistics
from datetime import UTC, datetime

import bson
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client

from nsadmin.access.models import Membership, Organization, User
from nsadmin.celery import app
from nsadmin.embedded.fleet.documents import document, namespace_id, spec
from nsadmin.embedded.fleet.plan import PASSWORD, FleetPlan
from nsadmin.embedded.management.commands import refresh_demo
from nsadmin.embedded.management.commands.load_fleet import Command
from nsadmin.jobs.models import ItemFailure, ScheduleRun
from nsadmin.namespaces.mirror import comparison
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.stores.mongo import connection
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import make_namespace
from tests.faults.proxy import Fault, running_proxies
from tests.faults.transport import Mongo
from tests.people import BACKEND

ADMIN = f"admin@{FleetPlan(60, 5).owners[0].slug}.example"
PAGES = {
    ADMIN: (
        "/",
        "/namespaces/",
        "/namespaces/?q=museum&sort=name",
        "/namespaces/?state=failed",
        "/jobs/",
        "/search/?q=archive",
    ),
    "petra@operations.example": ("/", "/fleet/", "/schedules/", "/jobs/"),
}
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
PLAN = FleetPlan(namespaces=60, organizations=5, collections=2)


def load(*options: str) -> None:
    """Load the small world."""
    size = ("--namespaces=60", "--organizations=5", "--collections=2")
    call_command(Command(), *size, *options)


def test_documents_have_the_size_of_real_ones_and_their_spread():
    sizes = sorted(len(bson.encode(document(PLAN, n, now=NOW))) for n in range(500))

    assert sizes[5] > 2_000
    assert sizes[-5] < 7_500
    assert 2_700 < statistics.median(sizes) < 6_500


def test_the_same_seed_makes_the_same_world_at_any_size():
    larger = FleetPlan(namespaces=900, organizations=5, collections=2)

    for number in (0, 7, 13, 29, 33, 57):
        assert document(PLAN, number, now=NOW) == document(larger, number, now=NOW)
        assert spec(PLAN, number).namespace_id == namespace_id(PLAN, number)
    other = document(FleetPlan(namespaces=60, organizations=5, seed=2), 3, now=NOW)
    assert other != document(PLAN, 3, now=NOW)


def test_one_organization_has_half_of_all():
    plan = FleetPlan(namespaces=2000, organizations=40)
    owners = [plan.owner(number).slug for number in range(2000)]

    assert 0.48 < owners.count(plan.owners[0].slug) / 2000 < 0.52
    assert len(set(owners)) > 35


@pytest.fixture
def world(stores):
    load()


def test_a_small_world_is_whole(world):
    rows = MirroredNamespace.objects.all()

    assert rows.count() == 60
    assert Organization.objects.count() == 6
    assert list(rows.exclude(unreadable="").values_list("pk", flat=True)) == [
        namespace_id(PLAN, 33)
    ]
    assert rows.exclude(deleted_at=None).count() == 1
    assert rows.exclude(expires_at=None).count() == 1
    assert rows.filter(tier="dedicated_cpu").count() == 1
    assert set(
        rows.exclude(clone_status="").values_list("clone_status", flat=True)
    ) == {
        "ready",
        "failed",
    }
    assert rows.filter(bucket_count__gt=0).count() == 2
    for number in range(2):
        assert collections.get(shared(), namespace_id(PLAN, number)) is not None


def test_loading_again_writes_nothing(world):
    before = {raw["_id"]: raw for raw in store.every()}

    load()

    assert {raw["_id"]: raw for raw in store.every()} == before
    assert comparison.reconcile() == 0


def test_a_batch_whose_answer_is_lost_is_written_once(world, settings, capsys):
    """The documents are there although the insert failed; the next try finds them."""
    written = sorted(str(raw["_id"]) for raw in store.every())
    with running_proxies() as proxies:
        url = settings.NSADMIN_MONGODB_URL
        settings.NSADMIN_MONGODB_URL = proxies.before(Mongo(), url)
        connection.collection(store.NAME).delete_many({})
        proxies.exchanges.expect()
        load()
        asked = [exchange.asks for exchange in proxies.exchanges.seen]
        connection.collection(store.NAME).delete_many({})
        proxies.exchanges.expect(1 + asked.index("insert"), Fault.DROPPED)

        load()

        assert proxies.exchanges.broken.asks == "insert"
    settings.NSADMIN_MONGODB_URL = url
    assert sorted(str(raw["_id"]) for raw in store.every()) == written
    assert "does not answer" in capsys.readouterr().out


def test_the_demo_starts_although_the_store_fails_to_answer_once(world, settings):
    with running_proxies() as proxies:
        url = settings.NSADMIN_MONGODB_URL
        settings.NSADMIN_MONGODB_URL = proxies.before(Mongo(), url)
        MirroredNamespace.objects.all().delete()
        proxies.exchanges.expect(2, Fault.DROPPED)

        call_command(refresh_demo.Command())

        assert proxies.exchanges.broken is not None
    assert MirroredNamespace.objects.count() == 60


def test_somebody_of_each_organization_and_of_the_platform_can_sign_in(world):
    assert Membership.objects.values("organization").distinct().count() == 6
    assert set(User.objects.values_list("platform_role", flat=True)) >= {
        "support",
        "platform_admin",
    }
    admin = User.objects.get(email=f"admin@{PLAN.owners[0].slug}.example")
    assert admin.check_password(PASSWORD)


def test_schedules_and_pages_bear_it_but_for_what_is_planted(world):
    app.loader.import_default_modules()
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        app.tasks[entry["task"]]()

    assert [run.error for run in ScheduleRun.objects.exclude(error="")] == []
    planted = {namespace_id(PLAN, number) for number in (21, 33)}
    failing = ItemFailure.objects.exclude(message__contains="fleet.example")
    assert set(failing.values_list("item", flat=True)) <= planted
    for email, paths in PAGES.items():
        browser = Client()
        browser.force_login(User.objects.get(email=email), BACKEND)
        for path in paths:
            assert browser.get(path, follow=True).status_code == 200, path


def test_a_store_in_use_is_refused_unless_added_to(stores):
    other = Organization.objects.create(name="Somebody")
    make_namespace(other, "theirs", in_qdrant=False)

    with pytest.raises(CommandError, match="--add"):
        load()
    load("--add")

    assert MirroredNamespace.objects.count() == 61
