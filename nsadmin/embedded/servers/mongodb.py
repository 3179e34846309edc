"""The embedded namespace store: nx-27017, which speaks MongoDB's protocol.

It has no authentication, so it listens on the loopback address only. What we may ask
of it is held by the suite in `tests/contract/namespace_store`.
"""

import os
import sys
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from nsadmin.embedded.supervision.ports import HOST
from nsadmin.embedded.supervision.supervisor import Process

DATABASE = "nsadmin"


def process(data: Path, port: int, *, name: str = "mongodb") -> Process:
    """A server that keeps one file per database in `data`."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The default lies in /tmp, where a second server finds it and refuses to start.
    pid_file = data / "server.pid"
    return Process(
        name=name,
        argv=[
            *(sys.executable, "-m", "nsadmin.embedded.servers.mongodb_server"),
            *("--data-dir", str(data), "--host", HOST, "--port", str(port)),
            *("--pid-file", str(pid_file), "--log-file", os.devnull),
        ],
        answers=lambda: answers(port),
        # It believes any living process whose number is in the file to be itself.
        stale=[pid_file],
    )


def url(port: int, database: str = DATABASE) -> str:
    """The address of one database."""
    return f"mongodb://{HOST}:{port}/{database}"


def answers(port: int) -> bool:
    """Whether a server on the port answers a ping."""
    client: MongoClient[dict[str, object]] = MongoClient(
        HOST, port, serverSelectionTimeoutMS=500, directConnection=True
    )
    with client:
        try:
            client.admin.command("ping")
        except PyMongoError:
            return False
    return True
