"""Many writers, threads and processes, still make one chain."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.conf import settings

from nsadmin.audit.models import AuditEvent, ChainEntry
from nsadmin.audit.verify import organizations, verify
from tests.faults import database
from tests.faults.database import Rows

WRITER = """
import sys, threading
import django
django.setup()
from nsadmin.audit import record
from nsadmin.audit.models import Outcome
from nsadmin.audit.record import RecordedActor

def write(number):
    for turn in range(10):
        record.record(Outcome.DONE, action="a", summary=f"{number} {turn}",
                      actor=RecordedActor("user", "1", "m"), organization_id="org_" + "ab"[turn % 2])

threads = [threading.Thread(target=write, args=(n,)) for n in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


@pytest.fixture
def rows(empty_rows: Rows, django_db_blocker) -> Iterator[Rows]:
    """A database of its own, which processes write to."""
    with django_db_blocker.unblock(), database.copy(empty_rows) as made:
        yield made


def write_in_processes(rows: Rows) -> None:
    """Have two processes write to the same database at the same time."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "nsadmin.settings",
        "DATABASE_URL": rows.url,
        "NSADMIN_KEY_PEPPER": settings.NSADMIN_KEY_PEPPER,
    }
    command = [sys.executable, "-c", WRITER]
    started = [subprocess.Popen(command, env=environment) for _ in range(2)]
    assert [process.wait(60) for process in started] == [0, 0]


@pytest.mark.django_db
def test_two_processes_with_three_writers_each_make_one_chain(rows: Rows) -> None:
    with database.using(rows):
        write_in_processes(rows)
        assert AuditEvent.objects.filter(outcome="done").count() == 60
        for organization_id in organizations():
            verdict = verify(organization_id)
            assert (verdict.count, verdict.faults) == (60, ())
        entries = ChainEntry.objects.filter(organization_id="org_a")
        assert list(entries.values_list("number", flat=True)) == list(range(1, 61))
