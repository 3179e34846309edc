"""What was acknowledged is there after a kill -9."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from tests.embedded_servers import RunningServer

pytestmark = pytest.mark.embedded_only

ROOT = Path(__file__).parents[3]
# Writes that are acknowledged before the server is killed, however slow the machine is.
AT_LEAST = 21


def writer(url: str, database: str) -> subprocess.Popen[str]:
    """A program that writes as fast as it can."""
    module = "tests.contract.namespace_store.inserting"
    command = [sys.executable, "-m", module, url, database]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("seconds", [0.3, 0.8])
def test_acknowledged_writes_survive_kill_9(
    database: Database[dict[str, Any]],
    embedded_server: RunningServer | None,
    seconds: float,
) -> None:
    assert embedded_server is not None
    with writer(embedded_server.url, database.name) as program:
        assert program.stdout is not None
        first = [program.stdout.readline().strip() for _ in range(AT_LEAST)]
        time.sleep(seconds)
        embedded_server.kill()
        # `communicate` would lose what was read ahead with the first lines.
        acknowledged = [*first, *program.stdout.read().split()]
    embedded_server.restart()

    with MongoClient[dict[str, Any]](embedded_server.url) as client:
        found = {
            document["_id"]: document["revision"]
            for document in client[database.name]["namespaces"].find({})
        }
    assert all(acknowledged)
    assert len(acknowledged) > 20
    assert [key for key in acknowledged if found.get(key) != 1] == []
    assert len(found) <= len(acknowledged) + 1, "at most the one in flight"


def test_indexes_are_enforced_after_kill_9(
    namespaces: Collection[dict[str, Any]], embedded_server: RunningServer | None
) -> None:
    assert embedded_server is not None
    namespaces.create_index([("internal_id", 1), ("name_key", 1)], unique=True)
    namespaces.insert_one({"_id": "ns_1", "internal_id": "int_a", "name_key": "films"})
    embedded_server.kill()
    embedded_server.restart()
    assert namespaces.find_one({"_id": "ns_1"}), "a read renews the pool of connections"
    with pytest.raises(DuplicateKeyError):
        namespaces.insert_one(
            {"_id": "ns_2", "internal_id": "int_a", "name_key": "films"}
        )


def test_a_client_goes_on_after_the_restart(
    namespaces: Collection[dict[str, Any]], embedded_server: RunningServer | None
) -> None:
    """Connections of a pool that died with the server are replaced, not reported."""
    assert embedded_server is not None
    namespaces.insert_one({"_id": "ns_1"})
    embedded_server.restart()
    assert namespaces.find_one({"_id": "ns_1"}) == {"_id": "ns_1"}
