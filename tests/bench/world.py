"""Worlds of 10,000 and 100,000 namespaces as rows, made once in a run.

The rows come from the documents of `manage.py load_fleet` by the mirror's own functions.
The namespace store is left out: a list, a page or a turn of sampling asks it nothing.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.test import Client

from nsadmin.access.models import Organization, User
from nsadmin.embedded.fleet.documents import document
from nsadmin.embedded.fleet.load import write_fleet_people
from nsadmin.embedded.fleet.plan import FleetPlan
from nsadmin.namespaces.mirror import comparison, mirror
from nsadmin.namespaces.mirror.document_copy import redact_secrets
from nsadmin.namespaces.models import LastLook, MirroredDocument, MirroredNamespace
from nsadmin.namespaces.schema import document as reader
from tests.bench.peers.copies import multiply
from tests.faults import database
from tests.faults.database import Rows
from tests.people import BACKEND

SMALL, LARGE = 10_000, int(os.environ.get("NSADMIN_BENCH_LARGE", "100000"))
ORGANIZATIONS = 100
BATCH = 1_000
# Another program's extractor, which one in 200 has.
RARE = {"feature_extractor_name": "odd_extractor", "version": "v7", "params": {}}
# How long ago the last look was: nothing is due in a turn of sampling.
LOOKED = timedelta(seconds=30)


@dataclass(frozen=True)
class World:
    """One world; `with world.open():` has this process and its threads use it."""

    plan: FleetPlan
    rows: Rows

    @contextmanager
    def open(self) -> Iterator["World"]:
        """Use the rows of this world, and no others, within the block."""
        with database.using(self.rows):
            yield self

    def browser(self, email: str = "") -> Client:
        """A client that is signed in: as the admin of the largest organization."""
        client = Client()
        address = email or f"admin@{self.plan.owners[0].slug}.example"
        client.force_login(User.objects.get(email=address), BACKEND)
        return client

    def largest(self) -> Organization:
        """The organization that has half of all."""
        key = self.plan.owners[0].organization_id
        return Organization.objects.get(organization_id=key)


@dataclass
class Worlds:
    """The worlds of this run by their size, made when they are asked for first."""

    empty: Rows
    stack: ExitStack
    made: dict[int, World] = field(default_factory=dict)

    def of(self, size: int) -> World:
        """The world of that size."""
        if size not in self.made:
            self.made[size] = self._make(size)
        return self.made[size]

    def _make(self, size: int) -> World:
        """Make a world from documents, or a larger one of copies of the small one."""
        small = self.of(SMALL).rows if size > SMALL else self.empty
        rows = self.stack.enter_context(database.copy(small))
        world = World(FleetPlan(namespaces=size, organizations=ORGANIZATIONS), rows)
        with world.open():
            if size > SMALL:
                multiply(size // SMALL)
            else:
                write_fleet_people(world.plan)
                write_rows(world.plan, size)
            comparison.record_filled(size, datetime.now(UTC))
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
        return world


def write_rows(plan: FleetPlan, count: int) -> None:
    """Write the mirror's rows of the first namespaces with a look at each."""
    owners = dict(Organization.objects.values_list("internal_id", "organization_id"))
    now = datetime.now(UTC)
    for first in range(0, count, BATCH):
        with transaction.atomic():
            _write(plan, range(first, min(first + BATCH, count)), owners, now)


def _write(
    plan: FleetPlan, numbers: range, owners: dict[str, str], now: datetime
) -> None:
    rows, kept, looks = [], [], []
    for number in numbers:
        stored = document(plan, number, now=now)
        _make_rare(stored, number, now)
        found = reader.read(stored)
        look = _look(found.namespace_id, number, now)
        values = mirror.values_of(found, owners.get(found.internal_id, ""))
        values |= dict.fromkeys(mirror.COUNTED, 0) | mirror.look_values(look)
        key = found.namespace_id
        rows.append(MirroredNamespace(namespace_id=key, **values))
        content = redact_secrets(found.raw)
        kept.append(MirroredDocument(namespace_id=key, content=content))
        looks.append(look)
    MirroredNamespace.objects.bulk_create(rows, batch_size=BATCH)
    MirroredDocument.objects.bulk_create(kept, batch_size=BATCH)
    LastLook.objects.bulk_create(looks, batch_size=BATCH)


def _make_rare(stored: dict[str, Any], number: int, now: datetime) -> None:
    """Give some what is rare; in the small world they fill a page all the same.

    A page with fewer rows costs less, whatever the size of its world. An odd number is
    of the largest organization.
    """
    if number % 200 == 101:
        stored["feature_extractors"].append(RARE)
    if number % 200 == 135:
        stored["payload_indexes"] = ["not an index", *stored["payload_indexes"]]
    if number % 200 == 165:
        stored["expires_at"] = now + timedelta(days=1 + number % 5)
    if number % 200 == 121:  # One on a cluster of its own.
        stored["description"] += " Footage of this year comes first."


def _look(namespace_id: str, number: int, now: datetime) -> LastLook:
    """A look: of a hundred one lacks its collection, two are silent, two are yellow.

    Those that are silent are all of one organization, and have no number of documents.
    """
    taken, kind = now - LOOKED, number % 100
    is_there, is_answered = kind != 41, kind not in (83, 85)
    live = {"status": "yellow" if kind in (2, 52) else "green", "points": number % 5000}
    return LastLook(
        namespace_id=namespace_id,
        taken_at=taken,
        ok=is_answered,
        exists=is_there,
        error="" if is_answered else "The cluster does not answer.",
        response_ms=2.5 if is_answered else None,
        live=live if is_there and is_answered else None,
        live_at=taken if is_there and is_answered else None,
        unknown_since=None if is_answered else taken - timedelta(hours=number % 50),
    )
