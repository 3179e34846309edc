"""Prints the table once all ratios are measured."""

from collections.abc import Iterator

import pytest

from tests.bench import rounds


@pytest.fixture(scope="session", autouse=True)
def _table() -> Iterator[None]:
    yield
    print("\n\n" + rounds.printed())
