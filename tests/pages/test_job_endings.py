"""A job that failed or was cancelled: why, what to do, and its report as a file."""

import csv
import io

import pytest
from django.utils import timezone

from nsadmin.clones import outlook
from nsadmin.jobs.execution.outcomes import UNEXPECTED
from nsadmin.jobs.execution.runner import BROKE, run_once
from nsadmin.jobs.models import Job, JobEvent, State
from nsadmin.namespaces.schema import document
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import make_job
from tests.pages.plans import start_clone
from tests.pages.test_jobs import STAGES


@pytest.fixture
def halted(cast, browse):
    """Return a function that makes a real clone which ended early, in a state."""

    def make(**values):
        client = browse()
        path = f"/namespaces/{cast.own.namespace_id}/clone/"
        sent = {"namespace_name": "stopped", "collections": "on"}
        assert start_clone(client, path, sent).status_code == 302
        job = Job.objects.get(namespace_name="stopped")
        client.post(f"/jobs/{job.job_id}/", {"act": "cancel"})
        run_once(job.job_id)
        Job.objects.filter(pk=job.pk).update(**values)
        job.refresh_from_db()
        return job

    return make


def page_of(client, job):
    response = client.get(f"/jobs/{job.job_id}/")
    assert response.status_code == 200
    return response.content.decode().replace("<wbr>", "")


def test_cancelled_is_grey_and_says_by_whom(cast, browse, halted):
    job = halted()
    text = page_of(browse(), job)
    admin = cast.users["admin"]
    shown = admin.name or admin.email
    assert "s-idle" in text.partition('id="now-title"')[0].rpartition("<h2")[2]
    assert f">{shown}</span>," in text or f"by {shown}," in text
    stages = text.partition('id="stages-title"')[2].partition("</table>")[0]
    assert "Cancelled" in stages
    assert "Failed" not in stages
    assert "Resume it from its last checkpoint, or discard it." in text
    listed = browse().get("/jobs/").content.decode()
    assert "Cancelled" in listed
    assert shown in listed


def test_the_namespace_of_a_cancelled_clone_has_not_failed(browse, halted):
    job = halted()
    listed = browse().get("/namespaces/?search=stopped").content.decode()
    assert "Clone cancelled" in listed
    assert ">cancelled<" not in listed
    overview = browse().get(f"/namespaces/{job.namespace_id}/").content.decode()
    assert "The clone into this namespace was cancelled." in overview
    assert "did not finish" not in overview
    assert "Clone cancelled" in overview
    assert "Clone failed" not in overview
    head = overview.partition("<h1")[2].partition("</p>")[0]
    shown, _, hidden = head.partition("<span hidden>")
    assert "live-state" in hidden
    assert "Ready" not in shown
    facets = browse().get("/namespaces/").content.decode()
    assert "Clone failed or cancelled" in facets


def test_a_stage_that_was_left_running_is_cancelled(cast, browse):
    progress = {"stages": STAGES, "percent": 40}
    job = make_job(cast.northlight, state="cancelled", progress=progress)
    text = page_of(browse(), job)
    assert "25 of 100" in text
    assert (
        "s-run" not in text.partition('id="stages-title"')[2].partition("</table>")[0]
    )


def test_a_failure_has_our_words_then_the_servers_and_what_to_do(browse, halted):
    job = halted(
        state=State.FAILED,
        error="Qdrant refused a batch: over 32 MiB.",
        error_code="qdrant_refused",
        upstream='{"status": "<b>too large</b>"}',
    )
    text = page_of(browse(), job)
    ours = text.index("Qdrant refused a batch: over 32 MiB.")
    theirs = text.index("&lt;b&gt;too large&lt;/b&gt;")
    what = text.index("What to do now")
    resume, discard = text.index("Resume the clone"), text.index("Or discard it")
    assert ours < theirs < what < resume < discard
    assert "Check again" in text
    assert "The source can be read" in text
    assert "1 namespace" in text[discard:]
    assert "<b>film archive is not touched.</b>" in text
    listed = browse().get("/jobs/").content.decode()
    assert "too large" not in listed


def test_an_unexpected_error_has_a_reference_and_no_class(browse, halted):
    job = halted(
        state=State.FAILED,
        error=f"{BROKE} It was tried 5 times without progress.",
        error_code=UNEXPECTED,
        reference="0a1b2c3d4e",
    )
    text = page_of(browse(), job)
    assert "The job stopped because of an error in nsadmin." in text
    assert "Reference <code>0a1b2c3d4e</code>" in text
    assert "give the reference to the operator" in text
    assert "TypeError" not in text


def test_without_its_source_a_clone_is_not_resumed(cast, browse, halted):
    job = halted(state=State.FAILED, error="The source was deleted during the copy.")
    raw = store.get(cast.own.namespace_id)
    store.delete(cast.own.namespace_id, revision=raw["revision"])
    client = browse()
    text = page_of(client, job)
    assert "Resume the clone" not in text
    assert "Resuming is not offered" in text
    assert "The source was deleted" in text
    assert "Check again" in text
    assert "Or discard it" in text
    refused = client.post(f"/jobs/{job.job_id}/", {"act": "resume"})
    assert refused.status_code == 409
    job.refresh_from_db()
    assert job.state == State.FAILED


def _changed_source(cast):
    """Give the source a new revision, as a change of its configuration does."""
    raw = store.get(cast.own.namespace_id)
    assert store.replace(raw, {**raw, "revision": raw["revision"] + 3})


def test_a_source_that_changed_is_said_and_no_reason_against_resuming(
    cast, browse, halted
):
    job = halted(state=State.FAILED, error="No.")
    assert job.inputs["source_revision"] == 1
    assert "The source changed" not in page_of(browse(), job)
    _changed_source(cast)
    text = page_of(browse(), job)
    assert "The source changed since the clone began (revision 1 → 4)" in text
    assert "Resume the clone" in text


def test_a_clone_is_not_resumed_where_the_source_has_got_a_vector(cast, browse, halted):
    job = halted(state=State.FAILED, error="No.", error_code="clone_unproven")
    target = document.read(store.get(job.namespace_id)).collection
    collections.create(shared(), target, {"alone": (4, "cosine")})
    _changed_source(cast)
    client = browse()
    text = page_of(client, job)
    assert "The source changed since the clone began (revision 1 → 4)" in text
    assert "The collections differ in vector " in text
    assert "start a new one" in text
    assert "Resume the clone" not in text
    assert "Resume to compare" not in text
    refused = client.post(f"/jobs/{job.job_id}/", {"act": "resume"})
    assert refused.status_code == 409
    job.refresh_from_db()
    assert job.state == State.FAILED
    collections.drop(shared(), target)


def test_with_qdrant_silent_resuming_waits_and_nothing_is_counted(
    browse, halted, silence
):
    job = halted(state=State.FAILED, error="Qdrant does not answer.")
    silence("qdrant")
    conditions = outlook.outlook(job)
    assert outlook.can_resume(conditions)
    assert "unknown" in {one.state for one in conditions}
    text = page_of(browse(), job)
    assert "A resumed clone waits for it" in text
    assert "Not counted, because a store does not answer: points" in text


def test_readers_see_why_and_no_buttons(browse, halted):
    job = halted(state=State.FAILED, error="No.", error_code="clone_unproven")
    text = page_of(browse("viewer"), job)
    assert "What to do now" in text
    assert "Resume the clone" not in text
    assert "Or discard it" not in text


def test_of_a_resumed_clone_the_words_do_not_contradict(browse, halted):
    job = halted()
    client = browse()
    of = f"/namespaces/{job.namespace_id}/"
    for path in (f"{of}audit/", "/organization/audit/"):
        assert "resumed later" not in client.get(path).content.decode()
    assert client.post(f"/jobs/{job.job_id}/", {"act": "resume"}).status_code < 400
    run_once(job.job_id)
    job.refresh_from_db()
    assert job.state == State.DONE
    for path in (f"{of}audit/", "/organization/audit/"):
        page = client.get(path).content.decode()
        row = page.partition("Namespace cloned")[2].partition("</tr>")[0]
        assert "Cancelled, resumed later" in row
        assert f"?text={job.op_id}#{job.op_id}" in row
        row = page.partition(f'id="{job.op_id}"')[2].partition("</tr>")[0]
        assert "Job resumed" in row
        assert ">Done<" in row.replace("</svg>", "")
    assert "Cancelled, resumed later: " in client.get(of).content.decode()


def test_a_stage_that_had_begun_is_not_to_do(browse, halted):
    begun = {"key": "a", "title": "Prepare", "weight": 1, "unit": "steps"}
    stages = [
        {**begun, "state": "todo", "done": 14, "total": 18, "seconds": 1.0},
        {**begun, "key": "b", "title": "Objects", "state": "todo"},
    ]
    job = halted(
        state=State.QUEUED, settled=False, progress={"stages": stages, "percent": 1}
    )
    text = page_of(browse(), job)
    listed = text.partition('id="stages-title"')[2].partition("</table>")[0]
    first, second = listed.partition("<tbody>")[2].split("</tr>")[:2]
    assert "Begun" in first
    assert "To do" not in first
    assert "To do" in second


@pytest.fixture
def finished(cast):
    """A clone with a proof."""
    job = make_job(
        cast.northlight,
        state="done",
        started_at=timezone.now(),
        ended_at=timezone.now(),
        inputs={
            "include_resources": {"collections": True, "taxonomies": False},
            "forecast_s": [2700, 3120],
        },
        progress={"stages": STAGES, "percent": 100},
        outputs={
            "proof": [{"what": "=Points", "source": 9, "clone": 9, "equal": True}],
            "dropped": ["Retriever “x” loses its stage “y”."],
            "source_changed": True,
            "foreign_points": 0,
        },
    )
    JobEvent.objects.create(job=job, sentence="+Done", role="ok")
    return job


def test_a_finished_clone_says_what_was_forecast_left_out_and_changed(browse, finished):
    text = page_of(browse(), finished)
    assert "forecast 45\xa0min to 52\xa0min" in text
    assert "The source changed during the copy" in text
    assert "Left out</span>" in text
    assert "Left out by choice" in text
    assert "not counted" in text
    assert "Time by stage" in text
    assert "Report as JSON" in text


def test_what_was_left_out_is_counted(browse, finished):
    Job.objects.filter(pk=finished.pk).update(
        outputs={**finished.outputs, "kinds_left_out": {"taxonomies": 2}}
    )
    text = page_of(browse(), finished)
    row = text.partition("Taxonomies")[2].partition("</tr>")[0]
    assert '<td class="num wide">2</td>' in row
    assert "not counted" not in text


def test_the_report_is_json_and_csv_without_formulas(browse, finished):
    path = f"/jobs/{finished.job_id}/report/"
    found = browse("viewer").get(f"{path}?as=json")
    assert "attachment" in found.headers["Content-Disposition"]
    told = found.json()
    assert told["outputs"]["proof"][0]["clone"] == 9
    assert told["events"][0]["event"] == "+Done"
    lines = list(
        csv.reader(io.StringIO(browse().get(f"{path}?as=csv").content.decode()))
    )
    assert ["proof", "'=Points", "9", "9", "equal"] in lines
    assert ["left out", "Retriever “x” loses its stage “y”.", "", "", ""] in lines
    assert any(line[0] == "stage" for line in lines)
    log = browse().get(f"{path}?as=events").content.decode()
    assert "'+Done" in log
    assert browse().get(f"{path}?as=exe").status_code == 404
    assert browse("stranger").get(path).status_code == 404


def test_the_list_counts_within_the_other_choice_and_shows_ones_own(cast, browse):
    user = cast.users["admin"]
    make_job(cast.northlight, state="failed", kind="move", title="Theirs")
    make_job(
        cast.northlight,
        state="done",
        title="Mine",
        actor_kind="user",
        actor_id=str(user.pk),
    )
    text = browse().get("/jobs/?kind=clone").content.decode()
    states = text.partition("<h2>State</h2>")[2].partition("<h2>Kind</h2>")[0]
    assert states.count('<span class="num">1</span>') == 1
    mine = browse().get("/jobs/?by=me").content.decode()
    assert "Mine" in mine
    assert "Theirs" not in mine
