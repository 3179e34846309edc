"""Who sees which jobs, and how the API says it."""

import uuid
from typing import Any

import pytest

from nsadmin.api.schemas.tasks import TaskResponse
from nsadmin.errors import NotFound
from nsadmin.jobs import places, queries
from nsadmin.jobs.execution.lease import claim
from nsadmin.jobs.execution.runner import run_once
from nsadmin.jobs.models import Job, State
from tests.jobs.conftest import OWNER, STAFF, STRANGER, new_job

pytestmark = pytest.mark.django_db(transaction=True)

PUBLISHED = {"PENDING", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELED"}


def as_task(job: Job) -> dict[str, Any]:
    """The job as the API answers with it."""
    return TaskResponse.of(job, places.of_one(job)).model_dump()


def test_a_foreign_job_answers_exactly_like_an_unknown_one():
    job = new_job()
    answers = []
    for asked in (job.job_id, uuid.uuid4(), "not-a-uuid", "'; --"):
        with pytest.raises(NotFound) as caught:
            queries.get(STRANGER, asked)
        answers.append(caught.value.message)
        assert caught.value.details == {"resource": "task", "id": str(asked)}
    assert len(set(answers)) == 1
    with pytest.raises(NotFound):
        queries.cancel(STRANGER, job.job_id)
    job.refresh_from_db()
    assert job.state == State.QUEUED


def test_staff_sees_every_organization():
    job = new_job()
    assert queries.get(STAFF, str(job.job_id)) == job
    assert queries.listing(STAFF).total == 1
    assert queries.listing(STAFF, "org_b").total == 0
    assert queries.live_counts(STAFF, "org_a") == (0, 1)


def test_a_list_is_filtered_and_paged(orders):
    jobs = [new_job(1, title=f"Count {n}", namespace_id=f"ns_{n}") for n in range(5)]
    run_once(jobs[0].job_id)
    assert queries.listing(STRANGER).rows == []
    assert queries.listing(OWNER, "org_b").rows == []
    page = queries.listing(OWNER, "org_a", limit=2, offset=1)
    assert page.total == 5
    assert page.rows == [jobs[3], jobs[2]]
    states = queries.states_of(["COMPLETED", "PROCESSING"])
    assert queries.listing(OWNER, states=states).rows == [jobs[0]]
    assert queries.listing(OWNER, search="count 3").rows == [jobs[3]]
    assert queries.listing(OWNER, namespace_id="ns_2").rows == [jobs[2]]
    found = queries.listing(OWNER, task_types=["api_namespaces_create"])
    assert found.total == 5
    assert queries.listing(OWNER, task_types=["materialize"]).total == 0
    assert queries.live_counts(OWNER, "org_a") == (0, 4)
    claim(jobs[1].job_id, jobs[1].epoch)
    assert queries.live_counts(OWNER, "org_a") == (1, 3)


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_published_word(state):
    job = new_job()
    Job.objects.update(state=state)
    job.refresh_from_db()
    assert as_task(job)["status"] in PUBLISHED


def test_the_response_of_a_failed_job_says_why_beside_its_state(orders, refusal):
    job = new_job()
    orders.breaks = [refusal]
    run_once(job.job_id)
    job.refresh_from_db()
    told = as_task(job)
    assert told["task_id"] == str(job.job_id)
    assert told["task_type"] == "api_namespaces_create"
    assert told["status"] == "FAILED"
    assert told["error"] == told["additional_data"]["error"] == "This cannot be done."
    assert told["additional_data"]["kind"] == "test_count"
    assert told["inputs"] == [{"to": 3}]
    assert told["outputs"] is None
    assert told["queue_position"] is None


def test_the_queue_position_counts_the_jobs_before_it():
    first, second, third = new_job(), new_job(), new_job()
    for job in (first, second, third):
        job.refresh_from_db()
    # The first one has the only slot.
    told = [as_task(job) for job in (first, second, third)]
    assert [task["queue_position"] for task in told] == [0, 0, 1]
    assert told[0]["additional_data"]["queue"] is None
    assert as_task(third)["additional_data"]["queue"] == {
        "position": 2,
        "waiting": 2,
        "running": 1,
        "slots": 1,
    }
