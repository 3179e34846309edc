"""Ended jobs are told on every page until the person who started them has seen it."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nsadmin.jobs.models import Job, State
from nsadmin.pages.common.htmx import STOP_POLLING
from tests.cast import make_job
from tests.pages.conftest import HTMX

TITLE = "Clone “film archive” as “a copy”"
NOTICES = 'id="job-notices"'


@pytest.fixture
def ended(cast):
    """Return a function that makes an ended job which the admin started."""

    def make(state=State.FAILED, role="admin", organization=None, **extra):
        user = cast.users[role]
        values = {
            "title": TITLE,
            "ended_at": timezone.now(),
            "settled": True,
            "actor_kind": "user",
            "actor_id": str(user.pk),
            "actor_label": user.email,
            **extra,
        }
        return make_job(organization or cast.northlight, state=state, **values)

    return make


def text_of(client, path, **headers):
    response = client.get(path, headers=headers)
    assert response.status_code in (200, STOP_POLLING)
    return response.content.decode()


def test_any_page_tells_of_it_with_a_link_and_the_reason(browse, ended, own):
    job = ended(error="Qdrant refused a batch: over 32 MiB.\nmore")
    client = browse()
    for path in ("/namespaces/", own, "/organization/", f"{own}settings/"):
        text = text_of(client, path)
        assert f'href="/jobs/{job.job_id}/">{TITLE}</a>' in text
        assert "<b>Failed:</b>" in text
        assert "Qdrant refused a batch: over 32 MiB." in text
        assert ">1 new</span>" in text


def test_it_is_unread_until_its_page_is_opened(browse, ended, own):
    job = ended(State.DONE)
    client = browse()
    assert TITLE in text_of(client, own)
    assert ">1 new</span>" not in text_of(client, f"/jobs/{job.job_id}/")
    assert TITLE not in text_of(client, own)


def test_the_list_marks_what_it_shows(browse, ended, own):
    ended(State.DONE)
    client = browse()
    filtered = text_of(client, "/jobs/?state=failed")
    assert ">new</span>" not in filtered
    assert TITLE in text_of(client, own)
    listed = text_of(client, "/jobs/")
    assert ">new</span>" in listed
    assert "Dismiss" not in listed
    assert ">new</span>" not in text_of(client, "/jobs/")
    assert TITLE not in text_of(client, own)


def test_looking_at_the_job_of_another_person_tells_that_person_still(
    browse, ended, own
):
    job = ended(role="member")
    text_of(browse("admin"), f"/jobs/{job.job_id}/")
    text_of(browse("admin"), "/jobs/")
    assert TITLE not in text_of(browse("admin"), own)
    assert TITLE in text_of(browse("member"), own)


def test_staff_are_told_nothing(cast, browse, ended):
    cast.open_sessions()
    ended(role="platform_admin")
    ended(role="platform_admin", organization=cast.operator)
    assert TITLE not in text_of(browse("platform_admin"), "/namespaces/")


def test_a_notice_is_dismissed_without_a_script(browse, ended, own):
    first, second = ended(State.DONE, title="First"), ended(State.DONE, title="Second")
    client = browse()
    sent = {"job_id": str(first.job_id), "next": f"{own}settings/"}
    answer = client.post("/jobs/seen/", sent)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{own}settings/")
    text = text_of(client, own)
    assert "First" not in text
    assert "Second" in text
    assert Job.objects.get(pk=second.pk).seen_at is None


@pytest.mark.parametrize("bad", ["https://elsewhere.example/", "//elsewhere.example"])
def test_no_form_leads_away_and_odd_ids_are_ignored(browse, ended, bad):
    ended()
    sent = {"job_id": ["x", "", "all"], "next": bad}
    answer = browse().post("/jobs/seen/", sent)
    assert answer.headers["Location"] == "/jobs/"
    assert not Job.objects.filter(seen_at=None).exists()


def test_many_are_counted_and_dismissed_at_once(browse, ended, own):
    for number in range(5):
        ended(State.DONE, title=f"Job {number}")
    client = browse()
    text = text_of(client, own)
    assert text.count('class="note s-ok" aria-labelledby="notice-') == 3
    assert "2 more ended jobs" in text
    assert ">5 new</span>" in text
    answer = client.post("/jobs/seen/", {"job_id": "all"}, headers=HTMX)
    parts = answer.content.decode()
    assert NOTICES in parts
    assert 'id="jobs-badge"' in parts
    assert "note s-ok" not in parts


def test_a_poll_brings_new_notices_and_no_known_ones(browse, ended, own):
    client = browse()
    page = text_of(client, own)
    assert 'hx-get="/jobs/badge/"' in page
    assert NOTICES in page
    assert NOTICES not in text_of(client, "/jobs/badge/", **HTMX)
    job = ended()
    polled = text_of(client, "/jobs/badge/", **HTMX)
    assert NOTICES in polled
    assert 'hx-swap-oob="true"' in polled
    assert f'data-said="Failed: {TITLE}."' in polled
    key = shown_key(polled)
    assert key.startswith(f"1-{job.job_id.hex[:8]}")
    assert NOTICES not in text_of(client, f"/jobs/badge/?shown={key}", **HTMX)
    text_of(client, f"/jobs/{job.job_id}/")
    gone = text_of(client, f"/jobs/badge/?shown={key}", **HTMX)
    assert NOTICES in gone
    assert TITLE not in gone


def shown_key(text):
    return re.search(r'name="shown" value="([^"]*)"', text)[1]


def test_a_badge_that_comes_with_another_job_keeps_no_notice_from_the_page(
    browse, ended, own
):
    """The page of a running job polls too, and gets the badge along."""
    live = ended(State.RUNNING, ended_at=None, settled=False)
    client = browse()
    page = text_of(client, f"/jobs/{live.job_id}/")
    done = ended(State.DONE, title="Move “film archive”")
    polled = text_of(client, f"/jobs/{live.job_id}/", **HTMX)
    assert ">1 new</span>" in polled
    assert 'name="shown"' not in polled
    told = text_of(client, f"/jobs/badge/?shown={shown_key(page)}", **HTMX)
    assert f'href="/jobs/{done.job_id}/">Move “film archive”</a>' in told


def test_a_poll_of_a_page_that_was_left_marks_nothing_seen(browse, ended, own):
    job = ended(State.DONE)
    client = browse()
    for path in (f"/jobs/{job.job_id}/", "/jobs/"):
        polled = text_of(client, path, **HTMX)
        assert Job.objects.get(pk=job.pk).seen_at is None
        # What arrives says so itself.
        assert 'hx-post="/jobs/seen/"' in polled
        sent = re.findall(r'name="job_id" value="([^"]+)">', polled)
        assert sent == [str(job.job_id)]
    client.post("/jobs/seen/", {"job_id": sent}, headers=HTMX)
    assert Job.objects.get(pk=job.pk).seen_at is not None
    assert "jobs/seen" not in text_of(client, f"/jobs/{job.job_id}/", **HTMX)


def test_a_second_end_of_the_same_job_is_told_again(browse, ended, own):
    job = ended()
    client = browse()
    key = shown_key(text_of(client, own))
    Job.objects.update(state=State.DONE, ended_at=job.ended_at + timedelta(seconds=7))
    assert NOTICES in text_of(client, f"/jobs/badge/?shown={key}", **HTMX)


def test_a_title_is_text(browse, ended, own):
    ended(title="<img src=x>", error="<b>no</b>")
    text = text_of(browse(), own)
    assert "&lt;img src=x&gt;" in text
    assert "<b>no</b>" not in text


def test_notices_cost_one_statement_and_none_without(browse, ended, own):
    client = browse()

    def count(path="/organizations/"):
        client.get(path)
        with CaptureQueriesContext(connection) as statements:
            client.get(path)
        return len(statements)

    before = count()
    ended()
    assert count() == before + 1
    for _ in range(5):
        ended()
    assert count() == before + 1
    assert count("/jobs/badge/") <= 4
