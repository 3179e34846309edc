"""The list of jobs and the page of one."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from django_htmx.middleware import HtmxDetails

from nsadmin.audit.models import AuditEvent
from nsadmin.errors import RateLimited
from nsadmin.jobs.execution.ceiling import CODE
from nsadmin.jobs.execution.runner import run_once
from nsadmin.jobs.models import Job, JobEvent, State
from nsadmin.pages.common.error_pages import error_page
from nsadmin.pages.common.transfer_words import size_text
from nsadmin.stores.mongo import namespaces as store
from tests.pages.conftest import HTMX
from tests.pages.plans import start_clone

CANCEL = {"act": "cancel"}
STAGES = [
    {
        "key": "a",
        "title": "Prepare",
        "weight": 20,
        "state": "done",
        "done": 5,
        "total": 5,
    },
    {
        "key": "b",
        "title": "Copy points",
        "weight": 80,
        "state": "running",
        "done": 25,
        "total": 100,
        "unit": "points",
    },
]


@pytest.fixture
def job(cast):
    """A job of Northlight that runs."""
    now = timezone.now()
    made = Job.objects.create(
        kind="clone",
        title="Clone “film archive” as “a copy”",
        state=State.RUNNING,
        organization_id=cast.northlight.organization_id,
        internal_id=cast.northlight.internal_id,
        namespace_id=cast.own.namespace_id,
        namespace_name="a copy",
        actor_kind="user",
        actor_id="1",
        actor_label="mara@northlight.example",
        progress={"stages": STAGES, "percent": 40, "rate": 1942.0, "left_s": 1260},
        started_at=now - timedelta(minutes=2),
        heartbeat_at=now,
        owner="worker-3",
    )
    JobEvent.objects.create(job=made, sentence="Copying <points>.")
    return made


@pytest.fixture
def address(job):
    """Its page."""
    return f"/jobs/{job.job_id}/"


def test_list_shows_the_organizations_jobs(browse, job):
    text = browse("viewer").get("/jobs/").content.decode()
    assert job.title in text
    assert "Running" in text
    assert job.title not in browse("stranger").get("/jobs/").content.decode()


def test_a_namespace_that_is_gone_is_named_and_not_linked(browse, job, address, cast):
    link = f'href="/namespaces/{cast.own.namespace_id}/"'
    for page in ("/jobs/", address):
        assert link in browse().get(page).content.decode().partition("<main")[2]
    Job.objects.update(namespace_id="ns_discarded")
    for page in ("/jobs/", address):
        text = browse().get(page).content.decode()
        assert "/namespaces/ns_discarded/" not in text, page
        assert "a copy" in text


def test_list_filters_and_pages(browse, job):
    assert b"No job matches" in browse().get("/jobs/?state=failed").content
    assert b"No job matches" in browse().get("/jobs/?search=zzz").content
    fragment = browse().get("/jobs/?state=running", headers=HTMX).content.decode()
    assert fragment.lstrip().startswith("<div")
    assert 'id="rows"' in fragment
    assert 'hx-trigger="every 5s"' in fragment, "a live row asks again"
    Job.objects.update(state=State.DONE)
    ended = browse().get("/jobs/", headers=HTMX).content.decode()
    assert 'hx-trigger="every' not in ended


def test_list_filters_by_kind(browse, job):
    assert job.title in browse().get("/jobs/?kind=clone").content.decode()
    assert b"No job matches" in browse().get("/jobs/?kind=delete").content
    assert job.title in browse().get("/jobs/?kind=no-such-kind").content.decode()


def test_list_has_pages(browse, job):
    kept = {f.name: getattr(job, f.name) for f in Job._meta.fields}
    rows = [{**kept, "job_id": uuid4(), "title": f"Job {n}"} for n in range(60)]
    Job.objects.bulk_create([Job(**row) for row in rows])
    first = browse().get("/jobs/").content.decode()
    assert "of 61" in first
    beyond = browse().get("/jobs/?offset=1000")
    assert beyond.status_code == 200


def test_badge_counts_what_runs_and_asks_again(browse, job):
    text = browse("viewer").get("/jobs/badge/", headers=HTMX).content.decode()
    assert ">1<" in text
    assert 'hx-get="/jobs/badge/"' in text
    stranger = browse("stranger").get("/jobs/badge/").content.decode()
    assert "none running" in stranger
    assert 'hx-get="/jobs/badge/"' in browse().get("/jobs/").content.decode()


def test_page_shows_counts_against_totals(browse, address):
    text = browse("viewer").get(address).content.decode()
    assert "25 of 100 points" in text
    assert "40 %" in text
    assert "1,942" in text
    assert "21\u00a0min left" in text
    assert "Copying &lt;points&gt;." in text
    assert 'data-announce="Copy points, stage 2 of 2"' in text
    assert "Cancel the job" not in text


def test_live_fragment_polls_spaced_with_age(browse, address, job):
    response = browse().get(address, headers=HTMX)
    text = response.content.decode()
    assert response.status_code == 200
    assert text.lstrip().startswith('<div id="progress"')
    assert 'hx-trigger="every 5s"' in text
    assert 'id="jobs-badge"' in text
    Job.objects.update(started_at=timezone.now())
    assert 'hx-trigger="every 2s"' in browse().get(address).content.decode()


@pytest.mark.parametrize(
    ("left_s", "said"), [(0.4, "Under 1\u00a0s left"), (59, "About 59\u00a0s left")]
)
def test_the_time_left_is_a_plain_sentence(browse, address, job, left_s, said):
    Job.objects.update(progress={**job.progress, "left_s": left_s})
    text = browse().get(address).content.decode()
    assert said in text
    assert "About under" not in text


def test_ranges_of_a_copy_in_pages_are_counted(browse, address, job):
    told = {"way": "pages", "points": 25, "seconds": 1}
    ranges = [{"at_end": True}, {"at_end": False}, {"at_end": True}, "odd"]
    Job.objects.update(
        outputs={"transfer": told}, cursor={"transfer": {"pages": {"ranges": ranges}}}
    )
    text = browse().get(address).content.decode()
    assert "Ranges confirmed" in text
    assert "2 of 4" in text
    shapes: list[dict[str, object]] = [{}, {"transfer": []}]
    shapes.append({"transfer": {"pages": {"ranges": {}}}})
    for odd in shapes:
        Job.objects.update(cursor=odd)
        assert "Ranges confirmed" not in browse().get(address).content.decode()


def test_without_script_nothing_is_offered_that_needs_it(browse, address):
    for query in ("", "?pause=1"):
        text = browse().get(f"{address}{query}").content.decode()
        control = text.partition('id="job-pause"')[0].rpartition("<a")[2]
        assert "scripted" in control
    assert "Reload to see progress" in text


def test_ended_fragment_stops_polling(browse, address):
    Job.objects.update(
        state=State.DONE,
        ended_at=timezone.now(),
        outputs={
            "proof": [{"what": "Points", "source": 5000, "clone": 5000, "equal": True}],
            "cloned_resources": {"points": 5000},
        },
    )
    response = browse().get(address, headers=HTMX)
    text = response.content.decode()
    assert response.status_code == 286
    assert f'hx-get="{address}"' not in text
    assert "Ready, verified identical" in text
    assert "5,000" in text
    assert browse().get(address).status_code == 200


def test_a_clone_without_what_was_left_out_is_not_called_identical(browse, address):
    proof = [{"what": "Points", "source": 2, "clone": 2, "equal": True}]
    outputs = {"proof": proof, "dropped": ["A setting was lost."]}
    Job.objects.update(state=State.DONE, outputs=outputs)
    text = browse().get(address).content.decode()
    assert "Ready, identical except what was left out" in text
    assert "verified identical" not in text


def test_unequal_proof_is_never_called_equal(browse, address):
    proof = [{"what": "Points", "source": 2, "clone": 1, "equal": False}]
    Job.objects.update(state=State.DONE, outputs={"proof": proof})
    text = browse().get(address).content.decode()
    assert "verified identical" not in text
    assert "Different" in text


def test_the_report_tells_changed_fields_and_points_of_others(browse, address):
    outputs = {
        "proof": [
            {"what": "Points", "source": 9, "clone": 6, "left_out": 3, "equal": True}
        ],
        "foreign_points": 0,
        "foreign_points_left_out": 3,
        "changed_paths": [
            {"path": "collection_id", "count": 6},
            {"path": "_internal.lineage.chain[].collection_id", "count": 1200},
        ],
    }
    Job.objects.update(state=State.DONE, outputs=outputs)
    text = " ".join(browse().get(address).content.decode().split())
    assert "and 3 left out" in text
    assert "3 points were left out." in text
    assert "New ids in 2 fields, 1,206 values" in text
    assert "chain[].<wbr>collection_<wbr>id" in text
    outputs |= {"foreign_points": 1, "foreign_points_left_out": 0, "changed_paths": []}
    Job.objects.update(outputs=outputs)
    text = " ".join(browse().get(address).content.decode().split())
    assert "1 point names another namespace" in text
    assert "were left out" not in text
    outputs |= {"foreign_points": 0}
    Job.objects.update(outputs=outputs)
    assert "No point names another namespace." in browse().get(address).content.decode()


def test_a_clone_of_an_older_version_has_no_report(browse, address):
    proof = [{"what": "Points", "source": 2, "clone": 2, "equal": True}]
    Job.objects.update(state=State.DONE, outputs={"proof": proof})
    text = browse().get(address).content.decode()
    assert "another namespace" not in text


def test_failed_says_why(browse, address):
    Job.objects.update(state=State.FAILED, error="No space left on device.")
    text = browse().get(address).content.decode()
    assert "No space left on device." in text
    assert "The clone only read the source, which is unchanged." in text


def test_silent_worker_is_lost(browse, address):
    Job.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))
    assert b"Worker lost, resuming" in browse().get(address).content


def test_what_nobody_has_taken_says_for_how_long(browse, address):
    long_ago = timezone.now() - timedelta(seconds=42)
    Job.objects.update(
        state=State.QUEUED, started_at=None, heartbeat_at=None, created_at=long_ago
    )
    text = browse().get(address).content.decode()
    assert "Queued, not started" in text
    assert "Queued for 42" in text
    assert 'data-announce="Queued, not started"' in text


def test_between_two_slices_the_stage_stays(browse, address):
    Job.objects.update(state=State.QUEUED)
    text = browse().get(address).content.decode()
    assert 'data-announce="Copy points, stage 2 of 2"' in text
    long_ago = timezone.now() - timedelta(seconds=20)
    Job.objects.update(created_at=long_ago, heartbeat_at=long_ago)
    text = browse().get(address).content.decode()
    assert "Waiting for a worker" in text
    assert "Queued for 20" in text


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING])
def test_waiting_for_a_store_gives_the_reason(browse, address, state):
    away = {"away_since": timezone.now() - timedelta(seconds=9), "waits": 3}
    Job.objects.update(state=state, waiting="Qdrant does not answer.", **away)
    text = browse().get(address).content.decode()
    assert 'data-announce="Waiting for Qdrant"' in text
    assert "Qdrant does not answer." in text
    assert "and tried 3 times" in text
    assert "Time left not known" in text
    Job.objects.update(waiting="MongoDB does not answer.")
    assert b"Waiting for MongoDB" in browse().get(address).content


def test_what_waits_and_is_cancelled_says_that_it_does_not_try_again(browse, address):
    away = {"away_since": timezone.now() - timedelta(seconds=9), "waits": 3}
    waiting = "Qdrant does not answer."
    Job.objects.update(waiting=waiting, cancel_requested=True, **away)
    text = " ".join(browse().get(address).content.decode().split())
    assert 'data-announce="Cancelling"' in text
    assert waiting in text
    assert "does not try again" in text
    assert "continues from its last checkpoint" not in text
    assert "gives up after" not in text


def test_an_answer_that_does_not_come_is_said(browse, address, job):
    moved = timezone.now() - timedelta(seconds=25)
    stored = {**job.progress, "moved_at": moved.timestamp()}
    Job.objects.update(progress=stored)
    text = browse().get(address).content.decode()
    assert "No response from Qdrant for 25" in text
    assert 'data-announce="Copy points, stage 2 of 2"' in text


def test_pace_is_drawn_and_described(browse, address, job):
    at = timezone.now().timestamp()
    history = [[at - 30 + n, 100.0 + n] for n in range(10)] + [[at, 50.0]]
    Job.objects.update(progress={**job.progress, "history": history, "every_s": 1})
    text = browse().get(address).content.decode()
    assert text.count('<polyline class="line"') == 2
    assert "109 at most, 1 gap" in text
    assert "Points a second since" in text
    assert "style=" not in text


def test_what_never_began_has_no_pace(browse, address, job):
    history = [[1000.0 + n, 5.0] for n in range(10)]  # of the objects, as once stored
    stages = [STAGES[0], {**STAGES[1], "state": "failed", "done": 0}]
    progress = {**job.progress, "stages": stages, "history": history, "every_s": 1}
    Job.objects.update(progress=progress, state=State.FAILED, ended_at=timezone.now())
    text = browse().get(address).content.decode()
    assert "0 of 100 points" in text
    assert "a second" not in text
    assert "<polyline" not in text


def test_ranges_that_are_copied_have_a_writer_each(browse, address, job):
    ranges = [{"at_end": True}, {"at_end": False}, {"at_end": False}]
    Job.objects.update(
        outputs={"transfer": {"way": "pages"}},
        cursor={"transfer": {"pages": {"ranges": ranges}}},
    )
    assert "2 at once" in browse().get(address).text
    Job.objects.update(state=State.FAILED, ended_at=timezone.now())
    assert "at once" not in browse().get(address).text


def test_another_kind_of_job_is_not_called_a_clone(browse, address):
    Job.objects.update(kind="delete", state=State.DONE, ended_at=timezone.now())
    text = browse().get(address).content.decode()
    assert "Open the clone" not in text
    assert "The source" not in text


def test_cancelling_is_asked_once(cast, browse, address, job):
    client = browse("member")
    assert client.post(address, CANCEL).headers["Location"] == address
    job.refresh_from_db()
    assert job.cancel_requested
    text = client.get(address).content.decode()
    assert "Cancelling" in text
    assert "Cancel the job" not in text
    client.post(address, CANCEL)
    browse("admin").post(address, CANCEL)
    event = AuditEvent.objects.get(action="job:cancel")
    assert event.actor_label == cast.users["member"].email
    audit = browse("admin").get("/organization/audit/").content.decode()
    assert '<option value="job:cancel">Job cancelled</option>' in audit


@pytest.mark.parametrize("sent", [{}, {"act": ""}, {"act": "pause"}, {"act": "Cancel"}])
def test_an_act_that_does_not_exist_does_nothing(browse, address, job, sent):
    response = browse("admin").post(address, sent)
    assert response.status_code == 422
    assert "Nothing was done." in response.content.decode()
    job.refresh_from_db()
    assert not job.cancel_requested
    assert not AuditEvent.objects.filter(action="job:cancel").exists()


def test_readers_may_not_cancel(cast, browse, address, job):
    cast.open_sessions()
    for role in ("viewer", "support"):
        assert browse(role).post(address, CANCEL).status_code == 403
    job.refresh_from_db()
    assert not job.cancel_requested


def test_foreign_unknown_wrong_method_signed_out(browse, address, client):
    assert browse("stranger").get(address).status_code == 404
    assert browse("stranger").post(address, CANCEL).status_code == 404
    assert browse().get("/jobs/no-such-id/").status_code == 404
    assert browse().put(address).status_code == 405
    assert client.get(address).status_code == 302


@pytest.fixture
def admin(cast, client):
    """The browser of an admin."""
    client.force_login(cast.users["admin"])
    return client


@pytest.fixture
def cancelled(cast, admin):
    """A real clone that was cancelled before it copied anything."""
    path = f"/namespaces/{cast.own.namespace_id}/clone/"
    sent = {"namespace_name": "stopped copy", "collections": "on", "retrievers": "on"}
    start_clone(admin, path, sent)
    made = Job.objects.get(namespace_name="stopped copy")
    admin.post(f"/jobs/{made.job_id}/", CANCEL)
    run_once(made.job_id)
    made.refresh_from_db()
    assert made.state == State.CANCELLED
    return made


def test_a_cancelled_clone_goes_on_when_it_is_resumed(admin, cancelled):
    address = f"/jobs/{cancelled.job_id}/"
    assert b"Resume the clone" in admin.get(address).content
    assert admin.post(address, {"act": "resume"}).status_code == 302
    run_once(cancelled.job_id)
    cancelled.refresh_from_db()
    assert cancelled.state == State.DONE
    assert store.get(cancelled.namespace_id)["clone_status"] == "ready"
    assert b"Resume the clone" not in admin.get(address).content


def test_resuming_in_a_second_tab_leads_to_the_running_job(admin, cancelled):
    address = f"/jobs/{cancelled.job_id}/"
    assert admin.post(address, {"act": "resume"}).status_code == 302
    again = admin.post(address, {"act": "resume"})
    assert again.headers["Location"] == address
    assert "The job is under way already." in admin.get(address).content.decode()
    discarded = {"act": "discard", "typed_name": cancelled.namespace_name}
    refused = admin.post(address, discarded)
    assert refused.status_code == 409
    text = refused.content.decode()
    assert "Only a clone that failed or was cancelled" in text
    assert 'id="progress"' in text


def test_with_a_full_queue_a_clone_is_not_resumed_and_its_job_says_why(
    admin, cancelled, settings
):
    settings.NSADMIN_MAX_QUEUED_JOBS = {"enterprise": 0}
    response = admin.post(f"/jobs/{cancelled.job_id}/", {"act": "resume"})
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "60"
    text = response.content.decode()
    assert "waiting in your organization" in text
    assert "Resuming is not offered" in text
    assert "The queue of jobs is full" in text
    assert "Check again" in text
    cancelled.refresh_from_db()
    assert cancelled.state == State.CANCELLED


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_the_error_page_of_a_full_queue_says_so_and_when_to_try_again(rf, headers):
    request = rf.get("/jobs/", headers=headers)
    request.htmx, request.user = HtmxDetails(request), AnonymousUser()
    error = RateLimited("Full.", code=CODE, details={"retry_after": 60})
    response = error_page(request, error)
    assert (response.status_code, response.headers["Retry-After"]) == (429, "60")
    text = response.content.decode()
    assert "Full." in text
    assert ("<h1>The queue is full</h1>" in text) == (not headers)


def test_the_clock_of_a_resumed_job_leaves_out_the_time_between(admin, cancelled):
    now = timezone.now()
    Job.objects.filter(job_id=cancelled.job_id).update(
        created_at=now - timedelta(hours=3),
        started_at=now - timedelta(hours=3),
        heartbeat_at=now - timedelta(hours=3) + timedelta(seconds=90),
        ended_at=now - timedelta(hours=3) + timedelta(seconds=90),
        progress={**cancelled.progress, "rate": 7.0, "left_s": 4000.0},
    )
    address = f"/jobs/{cancelled.job_id}/"
    assert "1\xa0min 30\xa0s" in admin.get(address).content.decode()
    admin.post(address, {"act": "resume"})
    shown = admin.get(address).content.decode()
    assert "No worker has taken it" not in shown
    assert "Time left not known" in shown
    run_once(cancelled.job_id)
    cancelled.refresh_from_db()
    assert cancelled.state == State.DONE
    assert 90 <= cancelled.running_s(timezone.now()) < 150


def test_a_cancelled_clone_is_discarded_once_its_name_is_typed(admin, cancelled, cast):
    address = f"/jobs/{cancelled.job_id}/"
    refused = admin.post(address, {"act": "discard", "typed_name": "x"}, follow=True)
    assert b"Nothing was deleted" in refused.content
    assert store.get(cancelled.namespace_id) is not None
    sent = {"act": "discard", "typed_name": "stopped copy"}
    done = admin.post(address, sent, follow=True)
    assert b"was discarded" in done.content
    assert b"its name is free" in admin.get(address).content
    assert store.get(cancelled.namespace_id) is None
    assert store.get(cast.own.namespace_id) is not None


def test_a_filter_over_no_jobs_at_all_says_that_there_are_none(browse):
    for query in ("?state=failed", "?kind=clone", "?search=film"):
        text = browse().get(f"/jobs/{query}").content.decode()
        assert "No jobs yet" in text
        assert "Nothing matches" not in text


def test_the_way_and_the_instant_of_a_copy_are_shown(browse, job, address):
    assert "transfer-title" not in browse().get(address).content.decode()
    Job.objects.update(
        outputs={
            "transfer": {
                "way": "stream",
                "source": "shared",
                "target": "qdrant.northlight.example:6333",
                "copied_at": "2026-11-29T12:04:31+00:00",
                "points": 6100,
                "bytes": 61_400_000,
                "seconds": 2.5,
                "reasons": ["Snapshots are <off>."],
            }
        }
    )
    text = browse().get(address).content.decode().replace("<wbr>", "")
    for shown in ("By a stream of the shards", "12:04:31", "61 MB", "2,440 points"):
        assert shown in text
    assert "Snapshots are &lt;off&gt;." in text


@pytest.mark.parametrize(
    "stored", ["text", {}, {"way": 7}, {"way": "new", "copied_at": "x", "bytes": "y"}]
)
def test_an_odd_transfer_is_no_error(browse, job, address, stored):
    Job.objects.update(outputs={"transfer": stored})
    assert browse().get(address).status_code == 200


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, ""), (None, ""), (999, "999 bytes"), (1500, "1.5 kB"), (61e6, "61 MB")],
)
def test_sizes_in_words(size, text):
    assert size_text(size) == text
