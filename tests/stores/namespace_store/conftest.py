"""The namespace store, which may refuse."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.stores.namespace_store.refusing import Refusing, before_the_store


@pytest.fixture
def refusing(stores: Any, settings: Any) -> Iterator[Refusing]:
    """Return the wire to the store of the settings, which are the test's own."""
    with before_the_store(settings) as wire:
        yield wire
