"""A namespace that the platform copies: its owner learns that, and nothing else."""

import json

import pytest

from nsadmin.access.actor import SYSTEM
from nsadmin.clones.request import CloneRequest
from nsadmin.clones.start import launch
from nsadmin.errors import Conflict
from nsadmin.jobs.models import Job
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.lifecycle import deletion, tombstones
from nsadmin.namespaces.plan.auto_index import AutomaticIndex
from nsadmin.namespaces.read import probe
from nsadmin.namespaces.schema.patch import parse_patch
from tests.cast import make_namespace

NAME = "CONFIDENTIAL-acquisition"
INDEX = {"payload_indexes": [{"field_name": "title", "type": "keyword"}]}


@pytest.fixture
def copy(cast) -> Job:
    """The operator's clone of Northlight's namespace, under way."""
    organization_id = cast.northlight.organization_id
    request = CloneRequest(NAME, source_organization_id=organization_id)
    cast.open_sessions("platform_admin")
    admin = cast.actor("platform_admin")
    return launch(admin, cast.own.namespace_id, request).job


def require_silent(error: Conflict, job: Job) -> None:
    """The platform is named, neither its clone nor the job."""
    said = error.message + json.dumps(error.details)
    assert "The platform is copying this namespace" in error.message
    assert NAME not in said
    assert str(job.job_id) not in said
    assert job.namespace_id not in said
    assert not {"task_id", "task_ids"} & set(error.details)


@pytest.mark.parametrize("act", [deletion.begin, tombstones.soft_delete])
def test_who_deletes_it_is_told_of_the_copy_alone(cast, copy, act):
    with pytest.raises(Conflict) as refused:
        act(cast.actor(), cast.own.namespace_id)
    assert refused.value.code == "namespace_busy"
    assert refused.value.message == "The platform is copying this namespace."
    require_silent(refused.value, copy)


def test_own_jobs_are_named_beside_it(cast, copy):
    own = launch(cast.actor(), cast.own.namespace_id, CloneRequest("a copy")).job
    with pytest.raises(Conflict) as refused:
        deletion.begin(cast.actor(), cast.own.namespace_id)
    assert refused.value.details["task_ids"] == [str(own.job_id)]
    assert refused.value.message.startswith("A job is still running")
    assert NAME not in refused.value.message


def test_the_platform_is_told_which_job_it_is(cast, copy):
    with pytest.raises(Conflict) as refused:
        deletion.begin(cast.actor("platform_admin"), cast.own.namespace_id)
    assert refused.value.details["task_id"] == str(copy.job_id)
    assert NAME in refused.value.message


def test_who_changes_its_indexes_is_told_of_the_copy_alone(cast, copy):
    with pytest.raises(Conflict) as refused:
        commit.commit(cast.actor(), cast.own.namespace_id, parse_patch(INDEX))
    assert refused.value.code == "namespace_busy"
    require_silent(refused.value, copy)


def test_what_the_program_refuses_itself_names_no_copy_either(cast, copy):
    commit.commit(
        cast.actor(), cast.own.namespace_id, parse_patch({"auto_create_indexes": True})
    )
    wanted = AutomaticIndex("title", {"type": "keyword"}, "It is filtered by.")
    with pytest.raises(Conflict) as refused:
        commit.commit(SYSTEM, cast.own.namespace_id, wanted)
    require_silent(refused.value, copy)


def test_who_changes_its_tier_is_told_of_the_copy_alone(cast, copy, own_cluster):
    own_cluster.receive(cast.own)
    patch = parse_patch({"infrastructure": own_cluster.body()})
    with pytest.raises(Conflict) as refused:
        commit.commit(cast.actor(), cast.own.namespace_id, patch)
    require_silent(refused.value, copy)
    shown = commit.preview(cast.actor(), cast.own.namespace_id, patch)
    [check] = [check for check in shown.checks if check.name == "jobs"]
    assert (check.state, check.task_id) == ("blocks", "")
    assert NAME not in str(shown.checks)
    assert str(copy.job_id) not in str(shown.checks)


def test_who_would_clone_what_the_platform_deletes_learns_no_job(cast):
    job = deletion.begin(cast.actor("platform_admin"), cast.system.namespace_id)
    with pytest.raises(Conflict) as refused:
        launch(cast.actor(), cast.system.namespace_id, CloneRequest("a copy"))
    assert refused.value.code == "namespace_busy"
    assert str(job.job_id) not in f"{refused.value.message} {refused.value.details}"


def test_a_failed_copy_of_others_does_not_stand_against_a_change_of_tier(
    cast, own_cluster
):
    own_cluster.receive(cast.own)
    make_namespace(
        cast.operator,
        NAME,
        in_qdrant=False,
        clone_status="failed",
        source_namespace_id=cast.own.namespace_id,
    )
    patch = parse_patch({"infrastructure": own_cluster.body()})
    outcome = commit.commit(cast.actor(), cast.own.namespace_id, patch)
    assert outcome.converged
    assert probe.actual_collection(outcome.view.namespace).points == 3
