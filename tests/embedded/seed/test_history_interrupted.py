"""A history that was cut off goes on at the next start, and no act happens twice."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from nsadmin.audit.models import AuditEvent
from nsadmin.audit.verify import verify
from nsadmin.embedded.seed.data.people import HALDEN, NORTHLIGHT
from nsadmin.embedded.seed.history.write import write_history
from nsadmin.embedded.seed.write import marks
from nsadmin.stores.mongo.connection import collection

from .conftest import NOW, OwnServers

pytestmark = pytest.mark.django_db(transaction=True)


class CutOff(BaseException):
    """The process ends here; no rule of ours catches it."""


class Cut:
    """Ends the process before the n-th row of the audit is written."""

    def __init__(self, rows: int) -> None:
        self._left = rows

    def __call__(
        self, run: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        if sql.startswith('INSERT INTO "audit_auditevent"'):
            self._left -= 1
            if not self._left:
                raise CutOff
        return run(sql, params, many, context)


def begun() -> list[str]:
    """Return the acts in the order in which they began."""
    row = collection("demo").find_one({"_id": "history"})
    return list(row["begun"])


@pytest.mark.faults
def test_a_history_that_was_cut_off_goes_on_where_it_was(written: OwnServers) -> None:
    cut: list[str] = []
    left_out: list[str] = []
    for rows in (2, 7, 11):
        with connection.execute_wrapper(Cut(rows)), pytest.raises(CutOff):
            write_history(NOW, left_out.append)
        cut.append(begun()[-1])
    assert write_history(NOW, left_out.append)

    assert left_out == []
    assert len(set(cut)) == 3
    assert len(begun()) == len(set(begun())) > 20
    assert not AuditEvent.objects.filter(outcome__in=("attempted", "accepted")).exists()
    for organization in (NORTHLIGHT, HALDEN):
        assert not verify(organization.organization_id).faults
        own = AuditEvent.objects.filter(organization_id=organization.organization_id)
        times = list(own.order_by("pk").values_list("at", flat=True))
        assert times == sorted(times)
    known = AuditEvent.objects.count()
    assert not write_history(NOW, left_out.append)
    assert AuditEvent.objects.count() == known


def test_a_demo_of_before_gets_no_second_history(written: OwnServers) -> None:
    """What it was filled with has no marks of single acts."""
    collection("demo").delete_one({"_id": "history"})
    assert not write_history(NOW, lambda _: None)
    assert marks.begun_acts() is None
    assert not AuditEvent.objects.exists()
