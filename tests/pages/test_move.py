"""A tier change that takes its data along: its plan, its job, the way back."""

from datetime import UTC, datetime, timedelta

import pytest

from nsadmin.jobs.models import Job, State
from nsadmin.namespaces.mirror import mirror
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.moving import move_of
from nsadmin.stores.mongo import namespaces as store
from tests.dedicated import KEY
from tests.pages.plans import plan_address
from tests.pages.test_tier import SURE, hidden, text_of, wanted
from tests.people import PASSWORD


@pytest.fixture
def page(own):
    return f"{own}infrastructure/"


@pytest.fixture
def started(browse, page, own_cluster, cast):
    """A move that was confirmed; no worker runs its job."""
    client = browse()
    shown = text_of(client.post(page, wanted(own_cluster), follow=True))
    done = client.post(
        plan_address(shown), {**hidden(shown), "step": "confirm", **SURE}
    )
    assert done.status_code == 302
    return Job.objects.get(kind="move")


def write(namespace_id, **values):
    before = store.get(namespace_id)
    after = {**before, **values, "revision": before["revision"] + 1}
    assert store.replace(before, after)
    mirror.mirror_one(after)


def test_the_plan_says_how_the_points_move_and_asks_about_a_pause(
    browse, page, own_cluster, cast
):
    shown = text_of(browse().post(page, wanted(own_cluster), follow=True))
    assert "3 points are moved by a job" in shown
    assert "How the points move" in shown
    assert "Pause writes during the switch" in shown
    assert 'name="pause_writes"' in shown
    assert store.get(cast.own.namespace_id).get("move") is None


def test_a_blocked_plan_does_not_say_that_qdrant_is_left_alone(
    browse, page, own_cluster
):
    sent = wanted(own_cluster, qdrant_api_key="wrong")
    shown = text_of(browse().post(page, sent, follow=True))
    assert "Blocks:" in shown
    assert "Nothing while a check blocks" in shown
    assert "Moved by a job if they go to another cluster" in shown
    assert "No call" not in shown
    assert "Points rewritten" not in shown


@pytest.mark.parametrize("pauses", [True, False])
def test_confirming_starts_a_job_and_leads_to_it(
    browse, page, own_cluster, cast, pauses
):
    client = browse()
    shown = text_of(client.post(page, wanted(own_cluster), follow=True))
    choice = {"pause_writes": "on"} if pauses else {}
    done = client.post(
        plan_address(shown), {**hidden(shown), **choice, "step": "confirm", **SURE}
    )
    job = Job.objects.get(kind="move")
    assert done.headers["Location"] == f"/jobs/{job.job_id}/"
    assert job.inputs["pause_writes"] is pauses
    stored = document.read(store.get(cast.own.namespace_id))
    assert stored.tier == "shared", "nothing has moved yet"
    assert move_of(stored).task_id == str(job.job_id)
    text_of(client.get(f"/jobs/{job.job_id}/"))


def test_back_to_editing_keeps_the_choice_of_a_pause(browse, page, own_cluster):
    client = browse()
    shown = text_of(
        client.post(page, wanted(own_cluster, pause_writes="on"), follow=True)
    )
    assert 'name="pause_writes" aria-describedby="pause-hint" checked' in shown
    assert "pause_writes" not in hidden(shown)


def test_a_running_move_is_told_on_every_page(browse, own, page, started, cast):
    client = browse()
    for address in (own, page):
        text = text_of(client.get(address))
        assert "This namespace is moving to" in text
        assert f'href="/jobs/{started.job_id}/"' in text
    Job.objects.update(progress={**started.progress, "percent": 41})
    assert "Moving 41 %" in text_of(client.get("/namespaces/"))
    refused = client.post(
        page, {"compute_tier": "shared", "step_up_password": PASSWORD}
    )
    assert str(started.job_id) in text_of(refused, 409) or "is running" in text_of(
        refused, 409
    )


def test_what_was_left_behind_is_told_with_the_way_back(
    browse, own, page, own_cluster, cast
):
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=5)
    fallback = {"until": until, "infrastructure": {"compute_tier": "shared"}}
    write(cast.own.namespace_id, fallback={**fallback, "task_id": "t"})
    text = text_of(browse().get(page))
    assert "The old collection on the shared cluster is kept" in text
    assert f"{page}back/" in text
    assert f"{page}back/" not in text_of(browse("viewer").get(page))


def test_without_an_old_collection_there_is_no_way_back(browse, page, cast):
    client = browse()
    text = text_of(client.get(f"{page}back/", follow=True))
    assert "There is no old collection to move back to." in text
    assert "Tier and infrastructure" in text
    sent = {"step": "confirm", "step_up_password": PASSWORD}
    text = text_of(client.post(f"{page}back/", sent, follow=True), 409)
    assert "There is no old collection to move back to." in text
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (State.FAILED, "The namespace stays where it was"),
        (State.CANCELLED, "The namespace stays where it was"),
        (State.RUNNING, "The namespace stays where it is"),
        (State.DONE, "Open the namespace"),
    ],
)
def test_the_jobs_page_says_what_becomes_of_the_namespace(browse, started, state, said):
    proof = [{"what": "Points", "source": 3, "target": 3, "equal": True}]
    Job.objects.update(
        state=state,
        error="It broke." if state == State.FAILED else "",
        outputs={"proof": proof},
        settled=True,
    )
    text = text_of(browse().get(f"/jobs/{started.job_id}/"))
    assert said in text
    assert "Counted before the switch" in text
    assert (
        "clone"
        not in text.partition('id="progress"')[2].partition("</main>")[0].lower()
    )
    assert KEY not in text


def test_the_report_says_what_was_compared_and_what_is_open(browse, started):
    outputs = {
        "proof": [{"what": "Points", "source": 3, "target": 3, "equal": True}],
        "compared": {
            "checked": 3,
            "missing": 1,
            "changed": 0,
            "extra": 0,
            "written": 1,
        },
        "indexed": {"indexed": 3, "points": 3, "indexed_before": 2},
        "losses": ["An alias stays there."],
        "differing": {"points": 2, "sentence": "2 points differ <somehow>."},
    }
    Job.objects.update(state=State.DONE, outputs=outputs, settled=True)
    text = text_of(browse().get(f"/jobs/{started.job_id}/"))
    for said in (
        "3 points were compared with payload and all vectors",
        "1 point written meanwhile",
        "3 vectors were indexed at the switch",
        "An alias stays there.",
        "2 points differ &lt;somehow&gt;.",
    ):
        assert said in " ".join(text.split())


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED])
def test_one_that_ended_after_its_switch_is_not_said_to_be_taken_back(
    browse, started, state
):
    stages = [
        {**stage, "state": "done"} if stage["key"] == "flip" else stage
        for stage in started.progress["stages"]
    ]
    Job.objects.update(
        state=state,
        error="It broke." if state == State.FAILED else "",
        progress={**started.progress, "stages": stages},
        settled=True,
    )
    text = text_of(browse().get(f"/jobs/{started.job_id}/"))
    assert "The namespace is on the new cluster" in text
    assert "stays where it was" not in text


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (State.RUNNING, "stays where it is, and the old collection is kept"),
        (State.CANCELLED, "stays where it was; the old collection is kept"),
    ],
)
def test_a_way_back_that_is_cancelled_deletes_nothing(browse, started, state, said):
    Job.objects.update(
        state=state, inputs={**started.inputs, "is_back": True}, settled=True
    )
    text = text_of(browse().get(f"/jobs/{started.job_id}/"))
    assert said in text
    assert "deleted" not in text.partition("<main")[2].partition("Stages")[0]
