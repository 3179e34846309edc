"""Percentage and time left of a clone never go back, whatever happens meanwhile."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nsadmin.clones.request import CloneRequest, Include
from nsadmin.clones.resume import resume
from nsadmin.clones.stages import VERIFY_STAGES, stages
from nsadmin.clones.start import launch
from nsadmin.jobs import queries
from nsadmin.jobs.execution.progress import Progress
from nsadmin.jobs.execution.runner import run_once
from nsadmin.jobs.models import FINAL, Job, State
from nsadmin.stores.mongo import resources
from tests.clones.conftest import require_verified
from tests.clones.sources import fill

pytestmark = pytest.mark.usefixtures("by_pages")


def _step(job: Job) -> None:
    Job.objects.filter(job_id=job.job_id).update(run_after=job.created_at)
    run_once(job.job_id, slice_s=0)
    job.refresh_from_db()


def _late_bucket(source: Any, number: int) -> None:
    own_id = f"bkt_late{number:06}"
    resources.put(
        "buckets",
        [
            {
                "_id": own_id,
                "bucket_id": own_id,
                "namespace_id": source.namespace_id,
                "internal_id": source.internal_id,
            }
        ],
    )


def test_a_clone_with_changes_meanwhile_and_a_resume_never_goes_back(world, source):
    job = launch(world.actor(), source.namespace_id, CloneRequest("staging")).job
    percents, titles, step = [0], set(), 0
    while job.state not in FINAL:
        _step(job)
        step += 1
        percents.append(job.progress["percent"])
        running = [s["key"] for s in job.progress["stages"] if s["state"] == "running"]
        titles.update(running)
        if step in (5, 9):
            fill(source, range(100 * step, 100 * step + 30))
        if step == 11:
            queries.cancel(world.actor(), job.job_id)
            _step(job)
            assert job.state == State.CANCELLED
            percents.append(job.progress["percent"])
            job = resume(world.actor(), job.job_id)
            percents.append(job.progress["percent"])
        if "points" in job.cursor.get("finished", []) and step % 4 == 0:
            _late_bucket(source, step)
        assert step < 300
    assert (job.state, job.error) == (State.DONE, "")
    assert percents == sorted(percents)
    assert percents[-1] == 100
    ran = [s["key"] for s in job.progress["stages"]]
    assert VERIFY_STAGES[1] in titles & set(ran)
    assert all(stage["state"] == "done" for stage in job.progress["stages"])


def test_a_quiet_clone_ends_with_one_pass_and_no_stage_too_many(world, source):
    job = launch(world.actor(), source.namespace_id, CloneRequest("staging")).job
    while job.state not in FINAL:
        _step(job)
    require_verified(job)
    keys = [stage["key"] for stage in job.progress["stages"]]
    assert keys[-1] == VERIFY_STAGES[0]


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["begin", "advance", "end", "store", "resume"]),
        st.integers(0, 6),
        st.integers(0, 500),
    ),
    max_size=60,
)


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(ACTS)
def test_no_order_of_totals_and_restarts_lowers_the_percentage(acts):
    progress = Progress(stages(Include(taxonomies=True)))
    shown = [progress.to_json()]
    for act, number, count in acts:
        key = progress.stages[number % len(progress.stages)].key
        if act == "begin":
            progress.begin(key, total=count)
        elif act == "advance":
            progress.advance(key, done=count)
        elif act == "end":
            progress.end(key)
        elif act == "store":
            progress = Progress.read(progress.to_json())
        else:
            progress = Progress.read(progress.to_resume())
        shown.append(progress.to_json())
    percents = [entry["percent"] for entry in shown]
    assert percents == sorted(percents)
    progress.drop(VERIFY_STAGES[1:])
    for stage in progress.stages:
        progress.end(stage.key)
    assert progress.to_json()["percent"] == 100
