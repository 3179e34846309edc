"""The library, made once for all files that only read it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.documents.library import Library, foreign_points, made


@pytest.fixture(autouse=True)
def _patient(settings: Any) -> None:
    """The machine may be busy; a test that is about time sets its own."""
    settings.NSADMIN_PAGE_TIMEOUT_S = settings.NSADMIN_PLAN_TIMEOUT_S = 60


@pytest.fixture(scope="session")
def library(_wired: object) -> Iterator[Library]:
    """Sixty documents of ours and three of another tenant."""
    with made() as found:
        found.put(foreign_points())
        yield found
