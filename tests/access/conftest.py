"""What races between people need."""

from collections.abc import Iterator

import pytest

from tests.faults import database


@pytest.fixture
def own_rows(empty_rows: database.Rows, django_db_blocker) -> Iterator[None]:
    """Rows of its own, so that every thread has a connection of its own."""
    with (
        django_db_blocker.unblock(),
        database.copy(empty_rows) as rows,
        database.using(rows),
    ):
        yield
