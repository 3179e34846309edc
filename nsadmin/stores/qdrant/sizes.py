"""How many bytes a collection holds, and the disk of the server, by its telemetry."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from nsadmin.stores.qdrant import reports
from nsadmin.stores.qdrant.answers import LARGEST, Count, MaybeCount, Name, Part, Some
from nsadmin.stores.qdrant.answers import read as read_part
from nsadmin.stores.qdrant.cluster import Cluster, collection_name

# The least that names shards, and the least that names the machine.
_SHARDS, _MACHINE = "/telemetry?details_level=3", "/telemetry?details_level=1"


@dataclass(frozen=True, slots=True)
class DataSize:
    """The bytes of a collection's vectors and payloads on the node that answered.

    Both are the server's estimates; indexes are not in them.
    """

    vector_bytes: int
    payload_bytes: int


class _Local(Part):
    vectors_size_bytes: MaybeCount = None
    payloads_size_bytes: MaybeCount = None


class _Shard(Part):
    local: _Local | None = None


class _Collection(Part):
    id: Name = ""
    shards: Some[_Shard]


class _Collections(Part):
    collections: Some[_Collection]


class _System(Part):
    disk_size: Count = 0


class _App(Part):
    system: _System | None = None


class _Telemetry(Part):
    collections: _Collections | None = None
    app: _App | None = None


def size_of(
    cluster: Cluster, name: str, *, timeout_s: float | None = None
) -> DataSize | None:
    """Return the size of a collection; None if the server does not tell it.

    Without `timeout_s` it waits as long as a plan does.
    """
    asked = collection_name(name)
    told = _telemetry(cluster, _SHARDS, timeout_s)
    if told is None or told.collections is None:
        return None
    shards = [
        shard.local
        for collection in told.collections.collections
        for shard in collection.shards
        if collection.id == asked and shard.local is not None
    ]
    vectors = [s.vectors_size_bytes for s in shards if s.vectors_size_bytes is not None]
    payloads = [
        s.payloads_size_bytes for s in shards if s.payloads_size_bytes is not None
    ]
    if not vectors:
        return None
    return DataSize(min(sum(vectors), LARGEST), min(sum(payloads), LARGEST))


def disk_of(cluster: Cluster, *, timeout_s: float | None = None) -> int | None:
    """Return the bytes of the server's whole disk; None if it does not tell them.

    How much of it is free is told by no server.
    """
    told = _telemetry(cluster, _MACHINE, timeout_s)
    system = told.app.system if told is not None and told.app is not None else None
    if system is None or not system.disk_size:
        return None
    return min(system.disk_size * 1024, LARGEST)


def _telemetry(
    cluster: Cluster, path: str, timeout_s: float | None
) -> _Telemetry | None:
    seconds = settings.NSADMIN_PLAN_TIMEOUT_S if timeout_s is None else timeout_s
    found: Any = reports.result(reports.get(cluster, path, seconds))
    return None if found is None else read_part(_Telemetry, found)
