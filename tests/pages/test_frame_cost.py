"""What the frame costs: statements, whatever the page and whatever there is to say."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from nsadmin.jobs.models import Job, State
from tests.cast import Cast

Browse = Callable[..., Client]
# A page that is little else than the frame: one statement is its own.
PAGE = "/organizations/"


def statements(client: Client, path: str) -> list[str]:
    assert client.get(path).status_code == 200
    with CaptureQueriesContext(connection) as queries:
        client.get(path)
    return [query["sql"] for query in queries]


@pytest.mark.parametrize("role", ["viewer", "member", "admin"])
def test_the_frame_is_three_statements(browse: Browse, role: str) -> None:
    """The account, its memberships, and the figures; the session is in Redis."""
    found = statements(browse(role), PAGE)
    assert len(found) <= 4, found
    assert len(statements(browse(role), "/jobs/badge/")) <= 3


@pytest.mark.parametrize("role", ["support", "platform_admin"])
def test_the_frame_of_staff_is_four(cast: Cast, browse: Browse, role: str) -> None:
    """Staff have the operator and their sessions instead of memberships."""
    client = browse(role)
    assert len(statements(client, "/jobs/badge/")) <= 4
    cast.open_session(role, cast.northlight)
    cast.open_session(role, cast.halden)
    assert len(statements(client, "/jobs/badge/")) <= 4


def test_a_session_costs_its_customer_one_more(cast: Cast, browse: Browse) -> None:
    client = browse("admin")
    before = len(statements(client, PAGE))
    cast.open_session("support", cast.northlight)
    cast.open_session("platform_admin", cast.northlight)
    assert len(statements(client, PAGE)) == before + 1
    assert "2 people of support see" in client.get(PAGE).content.decode()


def test_the_badge_counts_what_runs_and_what_waits(cast: Cast, browse: Browse) -> None:
    client = browse("viewer")
    assert "none running" in client.get("/jobs/badge/").content.decode()
    for organization, started in (
        (cast.northlight, True),
        (cast.northlight, False),
        (cast.northlight, False),
        (cast.halden, True),
    ):
        job = Job.objects.create(
            kind="clone",
            state=State.QUEUED,
            organization_id=organization.organization_id,
            internal_id=organization.internal_id,
            title="Clone",
            actor_kind="user",
            actor_id="1",
            actor_label="somebody",
        )
        if started:
            Job.objects.filter(pk=job.pk).update(started_at=job.created_at)
    text = " ".join(client.get("/jobs/badge/").content.decode().split())
    assert ">1<span" in text
    assert "2 queued" in text
