"""Process and readiness check of the server in `nsadmin.embedded.qdrant`."""

import sys
from pathlib import Path

from nsadmin.embedded.supervision.ports import HOST
from nsadmin.embedded.supervision.readiness import answers_ok
from nsadmin.embedded.supervision.supervisor import Process


def process(data: Path, port: int, *, api_key: str, name: str) -> Process:
    """A Qdrant that keeps its collections in `data` and asks for `api_key`."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Process(
        name=name,
        argv=[
            *(sys.executable, "-m", "nsadmin.embedded.qdrant"),
            *("--data", str(data), "--port", str(port)),
        ],
        # By environment: arguments can be read by every user of the machine.
        env={"NSADMIN_EMBEDDED_QDRANT_API_KEY": api_key},
        answers=lambda: answers_ok(HOST, port, "/readyz"),
        # Time to write its segments.
        grace=3.0,
    )
