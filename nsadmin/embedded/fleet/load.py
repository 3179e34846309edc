"""Writes a fleet into the configured stores, batch by batch.

A namespace that is there is left as it is, so an interrupted load is continued by the
same command, and a larger one adds what is missing.
"""

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.utils import timezone
from pymongo.errors import BulkWriteError

from nsadmin.access.models import Organization
from nsadmin.embedded.fleet.documents import (
    MARK,
    document,
    is_dedicated,
    namespace_id,
    spec,
)
from nsadmin.embedded.fleet.plan import FleetPlan
from nsadmin.embedded.seed.data.people import OPERATOR, PEOPLE
from nsadmin.embedded.seed.resources import resources
from nsadmin.embedded.seed.write.namespaces import address_of, cluster_of
from nsadmin.embedded.seed.write.people import write_people
from nsadmin.embedded.seed.write.points import write_points
from nsadmin.embedded.seed.write.retry import retry_while_unavailable
from nsadmin.errors import Conflict
from nsadmin.namespaces.mirror import comparison
from nsadmin.stores.mongo import connection, indexes, namespaces
from nsadmin.stores.mongo import resources as resource_store
from nsadmin.stores.mongo.failures import translate_errors

Report = Callable[[str], None]
Stored = dict[str, Any]

BATCH: Final = 200
"""Documents that are in memory at a time; a busy embedded store takes them in time."""

# A slow answer is waited for: what was not answered was perhaps written.
_ANSWER_S: Final = 60.0

_PROGRESS_S: Final = 5.0
_DUPLICATE: Final = 11000
_UNREACHABLE: Final = 9


def load(
    plan: FleetPlan, report: Report, *, add: bool = False, mirrored: bool = True
) -> None:
    """Write people, namespaces and the data of a few, then fill the mirror if asked.

    Raises Conflict, unless `add`, if the store has namespaces that are not of a fleet
    of this seed.
    """
    if not add:
        _require_own(plan)
    began = time.monotonic()
    write_fleet_people(plan)
    report(f"{plan.organizations:,} organizations")
    indexes.ensure()
    now = timezone.now()
    _write_documents(plan, now, report)
    _write_contents(plan, report)
    report(f"stores filled in {time.monotonic() - began:.1f} s")
    if not mirrored:
        return
    began = time.monotonic()
    written = comparison.reconcile()
    report(f"mirror: {written:,} rows in {time.monotonic() - began:.1f} s")


def write_fleet_people(plan: FleetPlan) -> None:
    """Write the organizations, an admin of each, and the staff of the platform."""
    is_operated = Organization.objects.filter(is_operator=True).exists()
    staff = () if is_operated else (OPERATOR,)
    employed = (person for person in PEOPLE if person.roles[0][0] == OPERATOR.slug)
    write_people((*staff, *plan.owners), (*employed, *plan.people()))


def _require_own(plan: FleetPlan) -> None:
    """Raise Conflict if the store has a namespace that is not of this fleet."""
    with translate_errors():
        stored = connection.collection(namespaces.NAME)
        other = stored.find_one({MARK: {"$ne": plan.seed}}, {"_id": 1})
    if other is not None:
        raise Conflict(
            "The namespace store has namespaces that are not of this fleet. "
            "Give it a database of its own, or add the fleet with --add."
        )


def _write_documents(plan: FleetPlan, now: datetime, report: Report) -> None:
    began = told = time.monotonic()
    for start in range(0, plan.namespaces, BATCH):
        end = min(start + BATCH, plan.namespaces)
        insert = partial(_insert_missing, plan, range(start, end), now)
        retry_while_unavailable(insert, report)
        if time.monotonic() > told + _PROGRESS_S or end == plan.namespaces:
            told = time.monotonic()
            rate = end / max(told - began, 0.001)
            report(f"{end:,} of {plan.namespaces:,} namespaces, {rate:,.0f}/s")


def _insert_missing(plan: FleetPlan, numbers: Iterable[int], now: datetime) -> None:
    """Insert the documents that are not there; to be repeated if there is no answer."""
    wanted = {namespace_id(plan, number): number for number in numbers}
    there = set(namespaces.present_of(list(wanted)))
    missing = [
        document(plan, number, now=now, cluster=_address(plan, number))
        for key, number in wanted.items()
        if key not in there
    ]
    if not missing:
        return
    with translate_errors(within_s=_ANSWER_S):
        try:
            stored = connection.collection(namespaces.NAME)
            stored.insert_many(missing, ordered=False)
        except BulkWriteError as refused:
            if not _only_duplicates(refused):
                raise


def _only_duplicates(refused: BulkWriteError) -> bool:
    """Tell whether an insert before, which was not answered, has written the rest."""
    errors = refused.details.get("writeErrors") or ()
    return bool(errors) and all(error["code"] == _DUPLICATE for error in errors)


def _address(plan: FleetPlan, number: int) -> Stored:
    """The address of a dedicated cluster: the demo's, else one that does not exist."""
    if not is_dedicated(number):
        return {}
    made = spec(plan, number)
    if cluster := cluster_of(made):
        return address_of(made, cluster)
    nowhere = f"qdrant-{number // 100 % _UNREACHABLE}.fleet.example"
    return {"qdrant_url": f"https://{nowhere}"}


def _write_contents(plan: FleetPlan, report: Report) -> None:
    """Give the first namespaces a collection with points, and resources."""
    written = 0
    for number in range(min(plan.collections, plan.namespaces)):
        made = spec(plan, number)
        if cluster := cluster_of(made):
            write_points(cluster, made)
            written += 1
        for kind, rows in resources(made).items():
            resource_store.put(kind, rows)
    report(f"{written} collections with points, and resources")
