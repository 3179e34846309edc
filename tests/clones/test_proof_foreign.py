"""A clone has every point: also those that name another namespace."""

import pytest

from nsadmin.clones.preview import preview
from nsadmin.clones.request import CloneRequest, Include
from nsadmin.clones.start import launch
from nsadmin.errors import Conflict, Forbidden, Invalid
from nsadmin.jobs.models import Job, State
from nsadmin.stores.qdrant import points
from nsadmin.stores.qdrant.cluster import shared
from tests.clones.conftest import require_verified, run_to_the_end
from tests.clones.odd_points import Ids, make_odd_source, payload, vectors


def _add_foreign(world, source, count: int) -> dict[int, dict]:
    """Add points with a payload of another namespace, and ids of the source in it."""
    ids = Ids(source.namespace_id)
    owner = world.foreign.namespace_id
    payloads = {
        1000 + n: {
            **payload(ids, n),
            "namespace_id": ids.namespace if n % 2 else owner,
            "_internal": {"namespace_id": owner},
        }
        for n in range(count)
    }
    rows = [
        {"id": own_id, "vector": vectors(own_id), "payload": held}
        for own_id, held in payloads.items()
    ]
    points.put(shared(), source.collection, rows)
    return payloads


def _across(world, source, **more) -> CloneRequest:
    organization_id = world.northlight.organization_id
    return CloneRequest("staging", source_organization_id=organization_id, **more)


def _points_row(job: Job) -> dict:
    rows = job.outputs["proof"]
    return next(row for row in rows if row["what"].startswith("Documents"))


def test_one_of_nine_is_no_longer_a_complete_clone(world):
    source = make_odd_source(world.northlight, count=2)
    payloads = _add_foreign(world, source, 8)
    request = CloneRequest("staging")
    shown = preview(world.actor(), source.namespace_id, request)
    assert any(text.startswith("8 points name another") for text in shown.warnings)
    job = run_to_the_end(launch(world.actor(), source.namespace_id, request).job)
    assert (job.state, job.error) == (State.DONE, "")
    assert job.outputs["foreign_points"] == 8
    assert job.outputs["foreign_points_left_out"] == 0
    assert job.outputs["cloned_resources"]["points"] == 10
    assert _points_row(job) == {
        "what": "Documents (points in Qdrant)",
        "source": points.count(shared(), source.collection),
        "clone": 10,
        "equal": True,
    }
    require_verified(job)
    rows, _ = points.page(shared(), job.namespace_id, limit=100)
    held = {row["id"]: row["payload"] for row in rows}
    assert {own_id: held[own_id] for own_id in payloads} == payloads
    assert held[0]["namespace_id"] == job.namespace_id


def test_they_stand_against_a_clone_in_another_organization(world):
    world.open_sessions("platform_admin")
    source = make_odd_source(world.northlight)
    _add_foreign(world, source, 2)
    staff = world.actor("platform_admin")
    for act in (preview, launch):
        with pytest.raises(Conflict) as caught:
            act(staff, source.namespace_id, _across(world, source))
        assert caught.value.code == "foreign_points"
        assert caught.value.message.startswith("2 points of the source name another")
    assert Job.objects.count() == 0
    without = _across(world, source, include=Include(collections=False))
    job = launch(staff, source.namespace_id, without).job
    assert run_to_the_end(job).state == State.DONE


def test_one_that_comes_after_the_start_ends_the_job(world):
    world.open_sessions("platform_admin")
    source = make_odd_source(world.northlight)
    job = launch(
        world.actor("platform_admin"), source.namespace_id, _across(world, source)
    ).job
    _add_foreign(world, source, 1)
    job = run_to_the_end(job)
    assert job.state == State.FAILED
    assert job.error.startswith("Point 1000 of the source names another namespace")
    assert "A platform admin can have such points left out" in job.error


def test_a_platform_admin_may_leave_them_out(world):
    world.open_sessions("platform_admin")
    source = make_odd_source(world.northlight)
    _add_foreign(world, source, 3)
    request = _across(world, source, leave_out_foreign_points=True)
    shown = preview(world.actor("platform_admin"), source.namespace_id, request)
    assert any("are left out" in warning for warning in shown.warnings)
    job = launch(world.actor("platform_admin"), source.namespace_id, request).job
    job = run_to_the_end(job)
    assert (job.state, job.error) == (State.DONE, "")
    assert job.outputs["foreign_points"] == 0
    assert job.outputs["foreign_points_left_out"] == 3
    assert job.outputs["source_changed"] is False
    row = _points_row(job)
    assert (row["source"], row["clone"], row["left_out"]) == (9, 6, 3)
    assert row["equal"]
    require_verified(job)
    held, _ = points.page(shared(), job.namespace_id, limit=100)
    assert world.foreign.namespace_id not in repr(held)
    assert source.internal_id not in repr(held)


def test_only_a_platform_admin_and_only_across(world):
    source = make_odd_source(world.northlight)
    with pytest.raises(Invalid) as caught:
        launch(
            world.actor(),
            source.namespace_id,
            CloneRequest("staging", leave_out_foreign_points=True),
        )
    assert list(caught.value.errors) == ["leave_out_foreign_points"]
    with pytest.raises(Forbidden):
        launch(
            world.actor(),
            world.system.namespace_id,
            CloneRequest("staging", leave_out_foreign_points=True),
        )
