"""A world of odd documents, payloads and collections: everything passes through it."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from nsadmin.advice import usage
from nsadmin.celery import app
from nsadmin.jobs.models import ItemFailure, ScheduleRun
from nsadmin.namespaces.models import LastLook, MirroredNamespace, MirrorFill
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores import ephemeral
from nsadmin.stores.counters import Tally
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo.connection import collection
from tests.access.matrix import MATRIX
from tests.api.conftest import Caller
from tests.api.endpoints import ENDPOINTS
from tests.cast import Cast, make_namespace
from tests.hostile.odd_collections import ODD, plant
from tests.hostile.odd_documents import LISTED, UNOWNED
from tests.hostile.walk import signed_in

PAGES = sorted(
    address.replace("<resource_kind>", "buckets").replace("<document_id>", "1")
    for method, address in MATRIX
    if method == "GET"
    and "<namespace_id>" in address
    and not address.endswith(("<op_id>/revert/", "<resource_id>/"))
)
# Each collection's pages are one in so many, others each time; all in `make faults`.
STEP = 8
READS = [e for e in ENDPOINTS if e.method == "GET" and "{identifier}" in e.path]


@pytest.fixture
def odd_world(cast: Cast) -> tuple[Cast, dict[str, Namespace]]:
    """The cast, every odd document, every odd collection, and a healthy one after."""
    internal_id = cast.northlight.internal_id
    odd_documents = [odd.document(internal_id) for odd in [*LISTED, *UNOWNED]]
    collection(store.NAME).insert_many(odd_documents)
    made = {odd.name: namespace for odd, namespace in plant(cast.northlight)}
    for odd in ODD:
        fields = [key for payload in odd.payloads[:3] for key in payload]
        used = {field: Tally(500) for field in ["title", *fields][:12] if field}
        usage.count_filter(made[odd.name].namespace_id, used)
    made["healthy"] = make_namespace(cast.northlight, "healthy, and last")
    return cast, made


def run_every_schedule() -> None:
    """Do what the workers do, in this process, when the last comparison is long ago."""
    MirrorFill.objects.update(filled_at=timezone.now() - timedelta(hours=1))
    app.loader.import_default_modules()
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        app.tasks[entry["task"]]()


def test_there_are_enough_odd_things() -> None:
    assert len(LISTED) + len(UNOWNED) + len(ODD) >= 60


def test_every_scheduled_run_passes(odd_world: tuple[Cast, dict[str, Any]]) -> None:
    _, made = odd_world
    for namespace in made.values():
        ephemeral.watch(namespace.namespace_id, seconds=60)
    began = timezone.now()

    run_every_schedule()

    runs = ScheduleRun.objects.all()
    assert {run.name: run.error for run in runs if run.error} == {}
    assert len(runs) >= len(settings.CELERY_BEAT_SCHEDULE) - 1  # the sweep has no row
    rows = set(MirroredNamespace.objects.values_list("pk", flat=True))
    assert {odd.id for odd in [*LISTED, *UNOWNED]} <= rows
    assert {namespace.namespace_id for namespace in made.values()} <= rows
    look = LastLook.objects.get(pk=made["healthy"].namespace_id)
    assert look.ok
    assert look.taken_at >= began
    unexpected = ItemFailure.objects.filter(message__startswith="Unexpected")
    assert [f"{row}: {row.message}" for row in unexpected] == []


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(STEP, id="some"),
        pytest.param(1, id="all", marks=pytest.mark.faults),
    ],
)
def test_the_pages_of_an_odd_collection_open(
    odd_world: tuple[Cast, dict[str, Any]], step: int
) -> None:
    cast, made = odd_world
    admin = signed_in(cast, "admin")
    run_every_schedule()
    for number, (name, namespace) in enumerate(made.items()):
        for page in PAGES[number % step :: step]:
            path = "/" + page.replace("<namespace_id>", namespace.namespace_id)
            response = admin.get(path)
            if response.status_code == 303:  # a repair leads to its plan, which opens
                response = admin.get(response.headers["Location"])
                assert response.status_code == 200, (name, page)
            # A file of a document whose collection is missing is refused in words.
            is_file = name == "no collection" and "/documents/1/" in page
            allowed = (200, 302, 404, 409) if is_file else (200, 302, 404)
            assert response.status_code in allowed, (name, page)
    for page in ("", "fleet/", "schedules/", "namespaces/", "jobs/"):
        staff = signed_in(cast, "platform_admin")
        assert staff.get(f"/{page}").status_code in (200, 302), page


def test_every_read_of_the_api_answers(odd_world: tuple[Cast, dict[str, Any]]) -> None:
    cast, made = odd_world
    call = Caller(cast)
    for name, namespace in made.items():
        for endpoint in READS:
            answer = call("GET", endpoint.at(namespace.namespace_id))
            is_missing = name == "no collection" and "/documents/" in endpoint.path
            allowed = (409,) if is_missing else (200, 404)
            assert answer.status_code in allowed, (name, endpoint, answer.content)
