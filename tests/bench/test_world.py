"""How long the first filling of the mirror takes, and that the worlds are what they say."""

import time

import pytest

from nsadmin.embedded.fleet.load import write_fleet_people
from nsadmin.embedded.fleet.plan import FleetPlan
from nsadmin.namespaces.models import MirroredNamespace
from tests.bench.rounds import note
from tests.bench.world import ORGANIZATIONS, SMALL, Worlds, write_rows
from tests.faults import database

pytestmark = pytest.mark.bench
COUNT = 2_000


def test_rows_from_documents_are_written_at_a_rate(worlds: Worlds):
    """The mirror's own functions and bulk inserts, without the store."""
    plan = FleetPlan(namespaces=COUNT, organizations=ORGANIZATIONS)
    with database.copy(worlds.empty) as rows, database.using(rows):
        write_fleet_people(plan)
        began = time.process_time()
        write_rows(plan, COUNT)
        spent = time.process_time() - began
        assert MirroredNamespace.objects.count() == COUNT
    note("CPU for 1,000 rows from their documents", 1000 * spent / COUNT, 1.0, "s")


def test_a_world_has_its_rows_and_shows_them(worlds: Worlds):
    with worlds.of(SMALL).open() as world:
        assert MirroredNamespace.objects.count() == SMALL
        assert world.browser().get("/namespaces/").status_code == 200
