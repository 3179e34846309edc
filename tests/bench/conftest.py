"""Prints the table once all ratios are measured; makes the worlds of the scale rows."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.bench import rounds
from tests.bench.peers.street import hostile, site, street  # noqa: F401 - fixtures
from tests.bench.world import Worlds
from tests.faults.database import Rows


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Rows over the large worlds, and of neighbors, are measured on PostgreSQL too."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if "worlds" in fixtures or "street" in fixtures:
            item.add_marker(pytest.mark.scale)
        if "worlds" in fixtures:
            item.add_marker(pytest.mark.django_db)
            item.add_marker(pytest.mark.timeout(1800))


@pytest.fixture(scope="session", autouse=True)
def _table() -> Iterator[None]:
    yield
    print("\n\n" + rounds.printed())


@pytest.fixture(scope="session")
def worlds(empty_rows: Rows, _wired: object, django_db_blocker) -> Iterator[Worlds]:
    """The worlds of this run; a test opens one with `worlds.of(LARGE).open()`."""
    with django_db_blocker.unblock(), ExitStack() as stack:
        yield Worlds(empty_rows, stack)
