"""A connection to SQL that its server has closed is opened again for the next request."""

from collections.abc import Iterator

import pytest
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler
from pytest_django import DjangoDbBlocker

from nsadmin.settings.stores import _database
from tests.deployment import tools
from tests.embedded_servers import RunningServer
from tests.postgres import running_postgresql


@pytest.fixture(scope="module")
def postgresql() -> Iterator[RunningServer]:
    tools.needs_postgresql()
    with running_postgresql() as server:
        yield server


@pytest.fixture
def opened(
    postgresql: RunningServer, django_db_blocker: DjangoDbBlocker
) -> Iterator[BaseDatabaseWrapper]:
    """A connection as a thread of the web server has it."""
    url = postgresql.url.removesuffix("/nsadmin") + "/postgres"
    connection = ConnectionHandler({"default": _database(url)})["default"]
    with django_db_blocker.unblock():  # it is not the test's own database
        yield connection
        connection.close()


def answer(connection: BaseDatabaseWrapper) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return int(cursor.fetchone()[0])


def test_every_database_is_asked_before_a_request_uses_it() -> None:
    for url in ("postgres://user@db.internal/nsadmin", "sqlite:////tmp/x.sqlite3"):
        config = _database(url)
        assert config["CONN_HEALTH_CHECKS"] is True
        assert config["CONN_MAX_AGE"] is None


@pytest.mark.faults
def test_the_next_request_after_a_restart_succeeds(
    postgresql: RunningServer, opened: BaseDatabaseWrapper
) -> None:
    assert answer(opened) == 1
    before = opened.connection
    postgresql.restart()
    opened.close_if_unusable_or_obsolete()  # what Django does as a request begins
    assert answer(opened) == 1
    assert opened.connection is not before


@pytest.mark.faults
def test_a_request_under_way_fails_and_the_next_one_does_not(
    postgresql: RunningServer, opened: BaseDatabaseWrapper
) -> None:
    opened.close_if_unusable_or_obsolete()
    assert answer(opened) == 1
    postgresql.restart()
    with pytest.raises(OperationalError):
        answer(opened)
    opened.close_if_unusable_or_obsolete()
    assert answer(opened) == 1
