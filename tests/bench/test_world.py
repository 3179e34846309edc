"""How long the first filling of the mirror takes, and that the worlds are what they say."""

import time

import pytest

from nsadmin.namespaces.models import MirroredNamespace
from tests.bench.rounds import note
from tests.bench.world import SMALL, Worlds

pytestmark = pytest.mark.bench


def test_rows_from_documents_are_written_at_a_rate(worlds: Worlds):
    """The mirror's own functions and bulk inserts, without the store."""
    began = time.process_time()
    world = worlds.of(SMALL)
    spent = time.process_time() - began

    with world.open():
        assert MirroredNamespace.objects.count() == SMALL
        answer = world.browser().get("/namespaces/")
        assert answer.status_code == 200
    note("CPU for 1,000 rows from their documents", 1000 * spent / SMALL, 1.0, "s")
