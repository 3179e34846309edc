"""The clone form and its review."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from nsadmin.clones.request import NEVER
from nsadmin.jobs.models import Job
from tests.cast import make_job, make_namespace
from tests.clones.sources import make_source
from tests.pages.conftest import HTMX
from tests.pages.plans import hidden

INPUT = {"namespace_name": "a copy", "collections": "on", "retrievers": "on"}


def ticks(text: str) -> dict[str, str]:
    """What a person sends who ticks everything that the review asks for."""
    found = re.findall(r'type="checkbox"\s+name="(accept_\w+)"\s+value="(\w+)"', text)
    return dict(found)


@pytest.fixture
def losing(cast):
    """A namespace whose clone loses alerts, a trigger, a stage and an application."""
    return make_source(cast.northlight, "losing")


@pytest.fixture
def address(own):
    """The form's page."""
    return f"{own}clone/"


def test_page_forecasts_in_counts(browse, address):
    text = browse("member").get(address).content.decode()
    assert "Clone film archive" in text
    assert "If empty, it is copied from the source." in text


def test_first_submit_reviews_and_writes_nothing(browse, address):
    response = browse().post(address, INPUT)
    text = response.content.decode()
    assert response.status_code == 200
    assert "Review the clone" in text
    assert "Taxonomies; stages that use one are left out." in text
    assert not Job.objects.exists()


def test_fragment_is_the_change(browse, address):
    text = browse().post(address, INPUT, headers=HTMX).content.decode()
    assert text.lstrip().startswith('<div id="change">')


def test_confirming_starts_the_job(browse, address):
    client = browse()
    shown = client.post(address, INPUT).content.decode()
    response = client.post(address, {**hidden(shown), "step": "confirm"})
    job = Job.objects.get()
    assert response.headers["Location"] == f"/jobs/{job.job_id}/"
    assert job.inputs["include_resources"]["taxonomies"] is False
    assert client.get(f"/jobs/{job.job_id}/").status_code == 200


def test_the_second_click_is_shown_the_job_of_the_first(browse, address, cast):
    client = browse()
    sent = {**INPUT, "step": "confirm"}
    first = client.post(address, sent).headers["Location"]
    assert client.post(address, sent).headers["Location"] == first
    assert Job.objects.count() == 1
    other = client.post(address, {**sent, "taxonomies": "on"})
    assert other.status_code == 409
    assert browse("member").post(address, sent).status_code == 409
    Job.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    assert client.post(address, sent).status_code == 409
    assert Job.objects.count() == 1


def test_what_is_never_copied_reads_the_same_before_and_after(browse, address):
    client = browse()
    form = client.get(address).content.decode()
    review = client.post(address, INPUT).content.decode()
    assert NEVER in review
    assert NEVER[1:] in form


def test_invalid_and_taken_keep_the_input(browse, address):
    response = browse().post(address, {**INPUT, "namespace_name": "a/b"})
    assert response.status_code == 422
    assert 'value="a/b"' in response.content.decode()
    response = browse().post(address, {**INPUT, "namespace_name": "Film Archive"})
    assert response.status_code == 409
    assert 'id="id_namespace_name_error"' in response.content.decode()


def test_every_choice_says_what_is_lost_without_it(browse, address):
    text = browse().get(address).content.decode()
    assert "Without them the clone starts empty" in text
    assert "enrichments that use one are left out" in text
    assert "left out unless you ask for them" in text
    assert "full copy" not in text.lower()


@pytest.mark.parametrize("status", ["cloning", "failed"])
def test_a_source_that_is_not_whole_is_refused_in_words(browse, cast, status):
    busy = make_namespace(
        cast.northlight, "busy", clone_status=status, clone_task_id="the-job"
    )
    response = browse().post(f"/namespaces/{busy.namespace_id}/clone/", INPUT)
    assert response.status_code == 409
    said = "the-job" if status == "cloning" else "a clone whose job failed"
    assert said in response.content.decode()
    assert not Job.objects.exists()


def test_full_plan_is_a_note_on_the_form(browse, cast):
    cast.halden.plan = "free"
    cast.halden.save()
    address = f"/namespaces/{cast.foreign.namespace_id}/clone/"
    response = browse("stranger").post(address, INPUT)
    assert response.status_code == 403
    assert 'value="a copy"' in response.content.decode()


def test_store_away_keeps_the_input(browse, address, silence):
    silence("mongodb")
    response = browse().post(address, INPUT)
    assert response.status_code == 503
    assert 'value="a copy"' in response.content.decode()


def test_back_to_editing_keeps_the_input(browse, address):
    text = browse().post(address, {**INPUT, "step": "edit"}).content.decode()
    assert 'value="a copy"' in text


def test_only_platform_admins_may_leave_out_points_and_only_across(
    cast, browse, address, foreign
):
    cast.open_sessions()
    name = 'name="leave_out_foreign_points"'
    admin = browse("platform_admin")
    assert name in admin.get(f"{foreign}clone/").content.decode()
    assert name not in browse().get(address).content.decode()
    sent = {**INPUT, "leave_out_foreign_points": "on"}
    shown = admin.post(f"{foreign}clone/", sent).content.decode()
    assert "leave_out_foreign_points" in hidden(shown)
    assert "&quot;leave_out_foreign_points&quot;: true" in shown


def test_platform_admins_clone_across(browse, cast, foreign):
    client = browse("platform_admin")
    text = client.post(f"{foreign}clone/", INPUT).content.decode()
    assert "belongs to another organization" in text


def test_forbidden_unknown_signed_out(cast, browse, address, foreign, client):
    cast.open_sessions()
    for role in ("viewer", "support"):
        assert browse(role).get(address).status_code == 403
    assert browse().get(f"{foreign}clone/").status_code == 404
    assert browse().put(address).status_code == 405
    assert client.get(address).status_code == 302


def test_a_full_queue_of_jobs_keeps_the_input(browse, address, settings):
    settings.NSADMIN_MAX_QUEUED_JOBS = {"free": 0, "pro": 0, "enterprise": 0}
    response = browse().post(address, {**INPUT, "step": "confirm"})
    text = response.content.decode()
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0
    assert "waiting in your organization&#x27;s queue" in text
    assert 'value="a copy"' in text
    assert not Job.objects.exists()


def test_what_the_clone_loses_is_named_and_has_to_be_accepted(browse, losing):
    address = f"/namespaces/{losing.namespace_id}/clone/"
    client = browse()
    shown = client.post(address, INPUT).content.decode()
    for sentence in (
        "Collection “highlights” loses its alerts; those are never copied.",
        "Collection “highlights” loses its trigger; triggers are never copied.",
        "Collection “highlights” loses taxonomies that are not copied.",
        "loses its stage",
    ):
        assert sentence in shown
    sent = {**hidden(shown), "step": "confirm"}
    refused = client.post(address, sent)
    assert refused.status_code == 422
    assert "Nothing was started" in refused.content.decode()
    assert "Tick what the clone loses" in refused.content.decode()
    changed = client.post(address, {**sent, "accept_lost": "0123456789abcdef"})
    assert "has changed since" in changed.content.decode()
    assert not Job.objects.exists()
    started = client.post(address, {**sent, **ticks(shown)})
    assert started.status_code == 302
    assert Job.objects.count() == 1


def test_taxonomies_that_come_along_lose_no_stage(browse, losing):
    address = f"/namespaces/{losing.namespace_id}/clone/"
    shown = browse().post(address, {**INPUT, "taxonomies": "on"}).content.decode()
    assert "loses its stage" not in shown
    assert "loses its alerts" in shown


def test_a_review_without_losses_asks_for_no_tick(browse, address):
    assert ticks(browse().post(address, INPUT).content.decode()) == {}


def test_the_form_says_how_long_it_takes_and_what_would_be_refused(
    browse, address, cast
):
    text = browse().get(address).content.decode()
    for said in (
        "Forecast",
        "no clone of this size was measured",
        "The source is complete",
        "No other clone of this namespace is running",
        "The subscription has room",
        "The number of namespaces is not limited.",
        "Free disk space",
    ):
        assert said in text
    assert "It would be refused now" not in text
    cast.northlight.plan = "free"
    cast.northlight.save()
    text = browse().get(address).content.decode()
    assert "Blocks:</b> The subscription has room" in text
    assert "It would be refused now" in text


def test_the_forecast_is_of_clones_that_were_made_before(browse, address, cast):
    now = timezone.now()
    for seconds in (10, 20):
        make_job(
            cast.northlight,
            state="done",
            started_at=now - timedelta(seconds=seconds),
            ended_at=now,
            outputs={
                "transfer": {
                    "way": "snapshot",
                    "source": "shared",
                    "target": "shared",
                    "points": 3000,
                    "seconds": 1,
                }
            },
        )
    text = browse().get(address).content.decode()
    assert "At 150 to 300 points a second" in text
    assert "the last 2 clones on this cluster" in " ".join(text.split())


def test_equal_rates_are_one_number(browse, address, cast):
    now = timezone.now()
    told = {"way": "snapshot", "source": "shared", "target": "shared", "points": 3000}
    for seconds in (213, 214):
        make_job(
            cast.northlight,
            state="done",
            started_at=now - timedelta(seconds=seconds),
            ended_at=now,
            outputs={"transfer": {**told, "seconds": 1}},
        )
    text = browse().get(address).content.decode()
    assert "At 14 points a second" in text


def test_another_running_clone_of_the_source_is_told(browse, address, cast):
    make_job(
        cast.northlight,
        state="running",
        title="Clone “film archive” as “x”",
        source_namespace_id=cast.own.namespace_id,
    )
    text = browse().get(address).content.decode()
    assert "Another clone of this namespace is running" in text


def test_with_qdrant_silent_the_form_is_there_and_says_so(browse, address, silence):
    silence("qdrant")
    text = browse().get(address).content.decode()
    assert "Time not known" in text
    assert "A clone waits for it, up to ten minutes." in text
