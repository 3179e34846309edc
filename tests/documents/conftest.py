"""The library, made once for each file that only reads it."""

from collections.abc import Iterator

import pytest

from tests.documents.library import Library, foreign_points, made


@pytest.fixture(scope="session")
def library(_wired: object) -> Iterator[Library]:
    """Sixty documents of ours and three of another tenant."""
    with made() as found:
        found.put(foreign_points())
        yield found
