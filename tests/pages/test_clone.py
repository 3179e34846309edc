"""The clone form and its review."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from nsadmin.clones.request import NEVER
from nsadmin.jobs.models import Job
from nsadmin.plans.models import SavedPlan
from nsadmin.stores.mongo.connection import collection
from tests.cast import make_job, make_namespace
from tests.clones.sources import make_source
from tests.pages.conftest import HTMX
from tests.pages.plans import (
    accepted,
    confirm,
    edit_address,
    plan_address,
    shown_plan,
    start_clone,
)

INPUT = {"namespace_name": "a copy", "collections": "on", "retrievers": "on"}


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


def test_the_form_becomes_a_plan_and_starts_nothing(browse, address):
    client = browse()
    text = shown_plan(client, address, INPUT)
    assert "Review the clone" in text
    assert "Taxonomies; stages that use one are left out." in text
    assert "Holds" in text
    assert "Copy link" in text
    assert not Job.objects.exists()
    again = client.get(plan_address(text)).content.decode()
    assert "Review the clone" in again
    assert SavedPlan.objects.count() == 1


def test_htmx_gets_the_address_of_the_plan_and_of_the_form_as_sent(browse, address):
    response = browse().post(address, INPUT, headers=HTMX)
    assert response.status_code == 204
    plan_id = SavedPlan.objects.get().plan_id
    assert response.headers["HX-Redirect"] == f"{address[:-6]}plans/{plan_id}/"
    assert response.headers["X-Form-Address"] == f"{address}?plan={plan_id}"


def test_confirming_starts_the_job(browse, address):
    client = browse()
    response = start_clone(client, address, INPUT)
    job = Job.objects.get()
    assert response.headers["Location"] == f"/jobs/{job.job_id}/"
    assert job.inputs["include_resources"]["taxonomies"] is False
    assert client.get(f"/jobs/{job.job_id}/").status_code == 200


def test_the_audit_leads_to_the_confirmed_plan(browse, address):
    client = browse()
    page = plan_address(shown_plan(client, address, INPUT))
    start_clone(client, address, INPUT)
    saved, job = SavedPlan.objects.get(), Job.objects.get()
    assert saved.op_id == job.op_id
    audit = client.get("/organization/audit/").content.decode()
    assert f'href="{page}"' in audit
    text = client.get(page).content.decode()
    assert "Confirmed plan" in text
    assert "as “a copy”" in text


def test_another_member_confirms_the_plan_of_the_first(browse, address, cast):
    page = plan_address(shown_plan(browse("member"), address, INPUT))
    admin = browse()
    theirs = admin.get(page).content.decode()
    assert confirm(admin, theirs).headers["Location"].startswith("/jobs/")
    assert SavedPlan.objects.get().confirmed_by_label == cast.users["admin"].email
    assert confirm(browse("member"), theirs).status_code == 409
    assert Job.objects.count() == 1


def test_a_change_of_what_the_clone_loses_is_shown_first(browse, losing):
    client = browse()
    address = f"/namespaces/{losing.namespace_id}/clone/"
    shown = shown_plan(client, address, INPUT)
    resources = collection("collections")
    resources.update_many(
        {"namespace_id": losing.namespace_id}, {"$unset": {"trigger_id": ""}}
    )
    refused = confirm(client, shown, **accepted(shown))
    assert refused.status_code == 409
    text = refused.content.decode()
    assert "has changed since" in text
    assert "loses its trigger" not in text
    assert not Job.objects.exists()
    assert confirm(client, text, **accepted(text)).status_code == 302


def test_the_second_click_is_shown_the_job_of_the_first(browse, address):
    client = browse()
    shown = shown_plan(client, address, INPUT)
    first = confirm(client, shown).headers["Location"]
    assert confirm(client, shown).headers["Location"] == first
    assert Job.objects.count() == 1
    assert client.post(address, INPUT).status_code == 409


def test_two_clicks_at_once_lead_to_one_job(browse, address):
    """The first has started the job, and not yet written that it did."""
    client = browse()
    shown = shown_plan(client, address, INPUT)
    first = confirm(client, shown).headers["Location"]
    SavedPlan.objects.update(confirmed_at=None, task_id="")
    assert confirm(client, shown).headers["Location"] == first
    assert Job.objects.count() == 1


def test_what_is_never_copied_reads_the_same_before_and_after(browse, address):
    client = browse()
    form = client.get(address).content.decode()
    review = shown_plan(client, address, INPUT)
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


def test_back_to_editing_shows_the_form_as_sent(browse, address):
    client = browse()
    shown = shown_plan(client, address, INPUT)
    for _ in range(2):  # and again after a reload
        text = client.get(edit_address(shown)).content.decode()
        assert 'value="a copy"' in text
    assert 'value="a copy"' not in client.get(address).content.decode()


def test_without_script_the_form_says_where_its_input_is(browse, address):
    client = browse()
    shown_plan(client, address, INPUT)
    assert "You sent this form" in client.get(address).content.decode()
    assert "You sent this form" not in client.get(address).content.decode()


def test_only_platform_admins_may_leave_out_points_and_only_across(
    cast, browse, address, foreign
):
    cast.open_sessions()
    name = 'name="leave_out_foreign_points"'
    admin = browse("platform_admin")
    assert name in admin.get(f"{foreign}clone/").content.decode()
    assert name not in browse().get(address).content.decode()
    sent = {**INPUT, "leave_out_foreign_points": "on"}
    shown = shown_plan(admin, f"{foreign}clone/", sent)
    edited = admin.get(edit_address(shown)).content.decode()
    assert re.search(rf"{name}[^>]*checked", edited)
    assert "&quot;leave_out_foreign_points&quot;: true" in shown


def test_platform_admins_clone_across(browse, cast, foreign):
    cast.open_sessions()
    text = shown_plan(browse("platform_admin"), f"{foreign}clone/", INPUT)
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
    response = browse().post(address, INPUT)
    text = response.content.decode()
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0
    assert "waiting in your organization&#x27;s queue" in text
    assert 'value="a copy"' in text
    assert not Job.objects.exists()


def test_what_the_clone_loses_is_named_and_has_to_be_accepted(browse, losing):
    address = f"/namespaces/{losing.namespace_id}/clone/"
    client = browse()
    shown = shown_plan(client, address, INPUT)
    for sentence in (
        "Collection “highlights” loses its alerts; those are never copied.",
        "Collection “highlights” loses its trigger; triggers are never copied.",
        "Collection “highlights” loses taxonomies that are not copied.",
        "loses its stage",
    ):
        assert sentence in shown
    refused = confirm(client, shown)
    assert refused.status_code == 422
    assert "Nothing was started" in refused.content.decode()
    assert "Tick what the clone loses" in refused.content.decode()
    other = confirm(client, shown, accept_lost="0123456789abcdef")
    assert other.status_code == 422
    assert not Job.objects.exists()
    started = confirm(client, shown, **accepted(shown))
    assert started.status_code == 302
    assert Job.objects.count() == 1


def test_taxonomies_that_come_along_lose_no_stage(browse, losing):
    address = f"/namespaces/{losing.namespace_id}/clone/"
    shown = shown_plan(browse(), address, {**INPUT, "taxonomies": "on"})
    assert "loses its stage" not in shown
    assert "loses its alerts" in shown


def test_a_review_without_losses_asks_for_no_tick(browse, address):
    assert accepted(shown_plan(browse(), address, INPUT)) == {}


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
