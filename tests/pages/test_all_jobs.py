"""The jobs of all organizations: filters, figures of the queue, and what is not told."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nsadmin.jobs.models import State
from tests.cast import make_job

JOBS = "/platform/jobs/"


def job(organization, title="Clone payroll", **extra):
    values = {
        "namespace_id": "ns_x",
        "namespace_name": "payroll",
        "title": title,
        "actor_kind": "user",
        "actor_id": "1",
        "actor_label": "jane@customer.example",
        **extra,
    }
    return make_job(organization, **values)


def text_of(browser, query=""):
    response = browser.get(f"{JOBS}{query}")
    assert response.status_code == 200
    return response.content.decode()


def test_without_jobs_it_says_so(cast, browse):
    text = text_of(browse("support"))
    assert "No jobs yet" in text
    assert ">none<" in text


def test_customers_do_not_see_it(cast, browse):
    assert browse("admin").get(JOBS).status_code == 403


@pytest.mark.parametrize("role", ["support", "platform_admin"])
def test_titles_errors_and_people_are_told_during_a_session_alone(cast, browse, role):
    failed = job(
        cast.northlight, state=State.FAILED, error="Field salary is odd.", settled=True
    )
    text = text_of(browse(role))
    for word in ("payroll", "salary", "jane@customer.example"):
        assert word not in text
    assert str(failed.job_id) in text
    assert "Northlight Media" in text
    assert f'href="/jobs/{failed.job_id}/"' not in text
    assert "Ask for access" in text
    cast.open_session(role, cast.northlight)
    text = text_of(browse(role))
    for word in ("Clone payroll", "salary", "jane@customer.example"):
        assert word in text
    assert f'href="/jobs/{failed.job_id}/"' in text


def test_filters_narrow_the_list(cast, browse):
    old = timezone.now() - timedelta(days=2)
    rows = {
        "new": job(cast.northlight),
        "old": job(cast.northlight, created_at=old),
        "failed": job(cast.halden, state=State.FAILED, settled=True),
        "move": job(cast.halden, kind="move"),
    }

    def found(query):
        text = text_of(browse("support"), query)
        return {name for name, row in rows.items() if str(row.job_id) in text}

    assert found("") == set(rows)
    assert found("?state=failed") == {"failed"}
    assert found("?kind=move") == {"move"}
    assert found("?age=day") == {"old"}
    halden = cast.halden.organization_id
    assert found(f"?organization={halden}") == {"failed", "move"}
    assert found(f"?organization={halden}&state=queued") == {"move"}
    assert found("?state=nonsense&kind=zzz&age=never") == set(rows)
    assert found("?organization=org_nobody") == set()
    assert found("?organization=%00") == set(rows)
    assert "Halden Museum Labs" in text_of(browse("support"), f"?organization={halden}")


def test_the_queue_is_told_in_figures(cast, browse):
    now = timezone.now()
    job(cast.northlight, state=State.RUNNING, started_at=now)
    job(cast.halden, created_at=now - timedelta(hours=3))
    job(cast.halden)
    for hours in (1, 30):
        job(
            cast.halden,
            state=State.FAILED,
            settled=True,
            ended_at=now - timedelta(hours=hours),
        )
    halden = cast.halden.organization_id
    own = text_of(browse("support"), f"?organization={halden}")
    assert "<dt>Running</dt><dd>0</dd>" in own
    text = text_of(browse("support"))
    figures = text[text.index('class="stats"') : text.index("</dl>")]
    for title, figure in (
        ("Running", ">1<"),
        ("Waiting to start", ">2<"),
        ("Oldest waiting", "3"),
        ("Failed in 24 h", ">1<"),
    ):
        here = figures[figures.index(title) :]
        assert figure in here[: here.index("</div>")], title


def test_pages_follow_each_other_at_a_constant_cost(cast, browse):
    browser = browse("support")

    def cost():
        with CaptureQueriesContext(connection) as queries:
            text_of(browser)
        return len(queries)

    job(cast.northlight)
    cost()
    before = cost()
    for number in range(30):
        job(cast.halden if number % 2 else cast.northlight)
    assert cost() == before
    assert "1\u201325 of 31" in text_of(browser)
    assert "26\u201331 of 31" in text_of(browser, "?offset=25")
    assert "Nothing matches" in text_of(browser, "?offset=100")


def test_a_live_page_polls_and_an_idle_one_does_not(cast, browse):
    assert "every 5s" not in text_of(browse("support"))
    job(cast.northlight)
    assert "every 5s" in text_of(browse("support"))
