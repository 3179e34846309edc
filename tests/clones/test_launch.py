"""Permissions and preconditions of a clone; a refused one leaves nothing behind."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from nsadmin.audit.models import AuditEvent
from nsadmin.clones.preview import preview
from nsadmin.clones.request import CloneRequest
from nsadmin.clones.start import launch
from nsadmin.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    NsadminError,
    QuotaExceeded,
    Unavailable,
)
from nsadmin.jobs.execution.runner import run_once
from nsadmin.jobs.models import Job, State
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import points
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import make_namespace
from tests.clones.conftest import run_to_the_end

STAGING = CloneRequest("staging")


def _refused(actor, identifier, request=STAGING) -> NsadminError:
    """Both doors refuse alike, and nothing is left of the attempt."""
    with pytest.raises(NsadminError) as shown:
        preview(actor, identifier, request)
    with pytest.raises(type(shown.value)) as caught:
        launch(actor, identifier, request)
    assert caught.value.code == shown.value.code
    assert Job.objects.count() == 0
    assert store.find_by_name(actor.internal_id, "staging") is None
    return caught.value


def test_a_preview_writes_nothing(world):
    shown = preview(world.actor("member"), "film archive", STAGING)
    assert shown.counts["points"] == 3
    assert Job.objects.count() == 0
    assert AuditEvent.objects.count() == 0
    assert store.find_by_name(world.northlight.internal_id, "staging") is None


def test_viewers_and_support_may_not(world):
    world.open_sessions("support")
    for role in ("viewer", "support"):
        actor = world.actor(role)
        assert isinstance(_refused(actor, world.own.namespace_id), Forbidden)


def test_a_foreign_source_is_not_there(world):
    error = _refused(world.actor("admin"), world.foreign.namespace_id)
    assert isinstance(error, NotFound)
    unknown = _refused(world.actor("admin"), "ns_unknown1")
    assert error.message == unknown.message


def test_a_system_namespace_is_everybodys_to_clone(world):
    begun = launch(world.actor("member"), world.system.namespace_id, STAGING)
    job = run_to_the_end(begun.job)
    assert job.state == State.DONE
    made = store.get(job.namespace_id)
    assert (made["scope"], made["internal_id"]) == (
        "org",
        world.northlight.internal_id,
    )
    rows, _ = points.page(shared(), job.namespace_id)
    tenants = {row["payload"]["internal_id"] for row in rows}
    assert tenants == {world.northlight.internal_id}


def test_the_id_stands_in_for_an_empty_name_of_the_source(world):
    nameless = make_namespace(world.northlight, "")
    job = launch(world.actor(), nameless.namespace_id, STAGING).job
    assert job.title == f"Clone “{nameless.namespace_id}” as “staging”"


def test_across_organizations_is_for_platform_admins_and_lands_with_them(world):
    world.open_sessions("platform_admin")
    request = CloneRequest(
        "staging", source_organization_id=world.halden.organization_id
    )
    for role in ("admin", "member"):
        error = _refused(world.actor(role), world.foreign.namespace_id, request)
        assert isinstance(error, Forbidden)
    admin = world.actor("platform_admin")
    begun = launch(admin, "museum objects", request)
    assert begun.job.organization_id == world.operator.organization_id
    job = run_to_the_end(begun.job)
    assert job.state == State.DONE
    rows, _ = points.page(shared(), job.namespace_id)
    assert rows
    assert world.halden.internal_id not in repr(rows)
    assert any("another organization" in place for place in _places(admin, request))


def _places(admin, request) -> tuple[str, ...]:
    other = CloneRequest("again", source_organization_id=request.source_organization_id)
    return preview(admin, "museum objects", other).losses.place


def test_naming_the_wrong_organization_finds_nothing(world):
    world.open_sessions("platform_admin")
    admin = world.actor("platform_admin")
    for wrong in (world.northlight.organization_id, "org_unknown"):
        request = CloneRequest("staging", source_organization_id=wrong)
        error = _refused(admin, world.foreign.namespace_id, request)
        assert isinstance(error, NotFound)


def test_a_platform_admin_has_to_say_that_it_is_across(world):
    world.open_sessions("platform_admin")
    error = _refused(world.actor("platform_admin"), world.foreign.namespace_id)
    assert isinstance(error, Invalid)
    assert "source_organization_id" in error.errors


def test_a_taken_name_is_a_conflict_whatever_its_case(world):
    request = CloneRequest("FILM archive")
    with pytest.raises(Conflict) as caught:
        launch(world.actor(), world.own.namespace_id, request)
    assert caught.value.code == "namespace_name_taken"


def test_the_plan_limits_how_many_there_are(world, settings):
    settings.NSADMIN_PLAN_LIMITS = {"enterprise": 1}
    error = _refused(world.actor(), world.own.namespace_id)
    assert isinstance(error, QuotaExceeded)
    assert error.details == {
        "resource": "namespaces",
        "current": 1,
        "limit": 1,
        "tier": "enterprise",
    }


@pytest.mark.parametrize("status", ["cloning", "deleting", "failed"])
def test_a_source_that_is_not_whole_names_its_job(world, status):
    busy = make_namespace(
        world.northlight, "busy", clone_status=status, clone_task_id="the-job"
    )
    error = _refused(world.actor(), busy.namespace_id)
    assert isinstance(error, Conflict)
    assert error.details["task_id"] == "the-job"


def test_two_at_once_under_one_name_give_one_namespace(world):
    begun = launch(world.actor(), world.own.namespace_id, STAGING)
    with pytest.raises(Conflict):
        launch(world.actor("member"), world.own.namespace_id, STAGING)
    assert Job.objects.count() == 1
    assert begun.namespace.namespace.clone_status == "cloning"


def test_a_job_whose_namespace_was_never_reserved_finds_out(world):
    begun = launch(world.actor(), world.own.namespace_id, STAGING)
    store.delete(begun.job.namespace_id, revision=1)
    assert run_once(begun.job.job_id) is State.FAILED
    begun.job.refresh_from_db()
    assert "no longer exists" in begun.job.error


def test_a_silent_store_refuses_and_leaves_a_job_that_settles(world, settings):
    actor = world.actor()
    settings.NSADMIN_MONGODB_URL = "mongodb://127.0.0.1:9/none"
    with pytest.raises(Unavailable):
        launch(actor, world.own.namespace_id, STAGING)
    assert Job.objects.count() == 0


def test_a_preview_counts_what_it_can_while_qdrant_is_away(world, settings):
    settings.NSADMIN_QDRANT_URL = "http://127.0.0.1:9"
    shown = preview(world.actor(), world.own.namespace_id, STAGING)
    assert shown.counts["points"] is None
    assert shown.counts["buckets"] == 0


def test_dedicated_and_expiring_sources_come_with_a_warning(world):
    special = make_namespace(
        world.northlight,
        "special",
        expires_at=datetime(2030, 1, 1, tzinfo=UTC),
        infrastructure={
            "compute_tier": "dedicated_cpu",
            "qdrant_url": "https://qdrant.example",
            "qdrant_api_key_sealed": {"v": 1},
        },
    )
    request = replace(STAGING, target="shared")
    shown = preview(world.actor(), special.namespace_id, request)
    assert "dedicated cluster" in " ".join(shown.losses.place)
    assert "expires" in " ".join(shown.warnings)
    begun = launch(world.actor(), special.namespace_id, request)
    made = store.get(begun.job.namespace_id)
    assert made["infrastructure"]["compute_tier"] == "shared"
    assert not [key for key in made["infrastructure"] if "api_key" in key]
    assert "qdrant_url" not in made["infrastructure"]
    assert "expires_at" not in made
