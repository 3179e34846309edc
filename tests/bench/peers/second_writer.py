"""A second writer: a process that writes all the time and says how long it waited."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import django
from django.utils import timezone

from tests.faults.database import Rows

# Between two writes, so that it takes little of the time of what it waits for.
_PAUSE_S = 0.01


@dataclass(frozen=True)
class Waits:
    """Seconds of the slowest of its writes, and their number."""

    longest_s: float
    writes: int


def beside(rows: Rows, call: Callable[[], object]) -> Waits:
    """Make the call while another process writes into the same database."""
    settings = {"DJANGO_SETTINGS_MODULE": "nsadmin.settings"}
    with subprocess.Popen(
        [sys.executable, "-m", __name__],
        env={**os.environ, **settings, "DATABASE_URL": rows.url},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "writing\n"
            call()
        finally:
            process.stdin.close()
        return Waits(**json.loads(process.stdout.readline()))


def _write() -> None:
    """Write one row in a transaction, again and again, until stdin is closed."""
    from django.contrib.sessions.models import Session

    session = Session(session_key="second writer", session_data="")
    longest_s, writes = 0.0, -1  # the first one opens the connection
    while writes < 0 or not select.select([sys.stdin], [], [], _PAUSE_S)[0]:
        session.expire_date = timezone.now() + timedelta(days=1)
        began = time.perf_counter()
        session.save()
        if writes < 0:
            print("writing", flush=True)
        else:
            longest_s = max(longest_s, time.perf_counter() - began)
        writes += 1
    print(json.dumps({"longest_s": longest_s, "writes": writes}), flush=True)


if __name__ == "__main__":
    django.setup()
    _write()
