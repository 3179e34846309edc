"""Many writers, threads and processes, still make one chain."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from nsadmin.audit.models import AuditEvent, ChainEntry
from nsadmin.audit.verify import organizations, verify
from tests.faults import database

WRITER = """
import sys, threading
import django
django.setup()
from nsadmin.audit import record
from nsadmin.audit.models import Outcome

def write(number):
    for turn in range(10):
        record.record(Outcome.DONE, action="a", summary=f"{number} {turn}",
                      actor=("user", "1", "m"), organization_id="org_" + "ab"[turn % 2])

threads = [threading.Thread(target=write, args=(n,)) for n in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


@pytest.fixture(scope="module")
def rows(
    django_db_setup: None, django_db_blocker, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A file with our tables; it is copied before any test's transaction begins."""
    path = tmp_path_factory.mktemp("audit") / "shared.sqlite3"
    with django_db_blocker.unblock():
        database.copy_tables(path)
    return path


def write_in_processes(path: Path) -> None:
    """Have two processes write to the file at the same time."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "nsadmin.settings",
        "DATABASE_URL": f"sqlite:///{path}",
        "NSADMIN_KEY_PEPPER": settings.NSADMIN_KEY_PEPPER,
    }
    command = [sys.executable, "-c", WRITER]
    started = [subprocess.Popen(command, env=environment) for _ in range(2)]
    assert [process.wait(60) for process in started] == [0, 0]


@pytest.mark.django_db
def test_two_processes_with_three_writers_each_make_one_chain(rows: Path) -> None:
    with database.using(rows):
        write_in_processes(rows)
        assert AuditEvent.objects.filter(outcome="done").count() == 60
        for organization_id in organizations():
            verdict = verify(organization_id)
            assert (verdict.count, verdict.faults) == (60, ())
        entries = ChainEntry.objects.filter(organization_id="org_a")
        assert list(entries.values_list("number", flat=True)) == list(range(1, 61))
