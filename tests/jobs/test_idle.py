"""What a schedule costs that finds nothing to do, in statements."""

import pytest
from celery.fixups.django import DjangoFixup
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nsadmin.celery import app, close_broken_connections
from nsadmin.health.tasks import sample
from nsadmin.jobs.execution.sweeper import sweep
from nsadmin.namespaces.tasks import heal

pytestmark = pytest.mark.django_db(transaction=True)


def _statements(run) -> list[str]:
    run()  # the first one makes the rows of the schedule
    with CaptureQueriesContext(connection) as queries:
        run()
    return [query["sql"].split()[0] for query in queries]


def test_a_sweep_that_finds_nothing_asks_once():
    assert _statements(sweep) == ["SELECT"]


def test_a_run_takes_its_lease_gives_it_back_with_its_row_and_looks_who_waits():
    assert _statements(heal) == [
        *("UPDATE", "SELECT"),
        *("BEGIN", "UPDATE", "UPDATE", "COMMIT", "SELECT"),
    ]


def test_the_clusters_are_read_once_for_their_messages_and_for_the_samples():
    with CaptureQueriesContext(connection) as queries:
        sample()
    places = [q["sql"] for q in queries if "MIN(" in q["sql"]]
    assert len(places) == 2  # one for each dedicated tier


def test_a_task_keeps_the_connection_of_the_one_before():
    connection.ensure_connection()
    kept = connection.connection
    DjangoFixup(app).worker_fixup.close_database()
    close_broken_connections()
    assert connection.connection is kept


@pytest.mark.skipif(connection.vendor == "sqlite", reason="a file does not break off")
def test_a_task_does_not_get_a_connection_that_broke():
    connection.ensure_connection()
    connection.connection.close()
    close_broken_connections()
    assert connection.connection is None
    assert not app.conf.task_always_eager
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
