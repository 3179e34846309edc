"""Ended jobs are told on every page until the person who started them has seen it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nsadmin.jobs.models import Job, State
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
    assert response.status_code == 200
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
    key = f"1-{job.job_id.hex[:8]}"
    assert f'hx-get="/jobs/badge/?shown={key}"' in polled
    assert NOTICES not in text_of(client, f"/jobs/badge/?shown={key}", **HTMX)
    text_of(client, f"/jobs/{job.job_id}/")
    gone = text_of(client, f"/jobs/badge/?shown={key}", **HTMX)
    assert NOTICES in gone
    assert TITLE not in gone


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
