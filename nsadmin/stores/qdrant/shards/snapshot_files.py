"""Snapshots of one shard: made, listed, deleted, and recovered from an address."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from django.conf import settings
from pydantic import Field

from nsadmin.errors import UpstreamError
from nsadmin.stores.qdrant.answers import MOST_NAMES, Count, MalformedAnswer, Part, read
from nsadmin.stores.qdrant.bulk import exchange
from nsadmin.stores.qdrant.cluster import Cluster, collection_name

# The name becomes a segment of a path, so it is refused where other names are cut.
_FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,254}$")]
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot on the server's disk: its size in bytes, its SHA-256 in hex if known.

    `name` may stand in a path of a URL as it is.
    """

    name: str
    size: int
    checksum: str | None


class _Snapshot(Part):
    name: _FileName
    size: Count
    checksum: _Sha256 | None = None


class _Listing(Part):
    snapshots: Annotated[list[_Snapshot], Field(max_length=MOST_NAMES)]


def _of(told: _Snapshot) -> Snapshot:
    return Snapshot(told.name, told.size, told.checksum and told.checksum.lower())


def shard_path(name: str, shard_id: int) -> str:
    """Return the path of a shard; raise Invalid for a name that is not allowed."""
    return f"/collections/{collection_name(name)}/shards/{int(shard_id)}"


def create_snapshot(
    cluster: Cluster, name: str, shard_id: int, *, timeout_s: float
) -> Snapshot:
    """Make a snapshot of a shard on its server, and return it when it is complete.

    After an error the server may still make it: `snapshots` tells.
    """
    path = f"{shard_path(name, shard_id)}/snapshots?wait=true"
    made = exchange.call(cluster, "POST", path, timeout_s=timeout_s)
    return _of(read(_Snapshot, made))


def snapshots(
    cluster: Cluster, name: str, shard_id: int, *, timeout_s: float | None = None
) -> list[Snapshot]:
    """Return the snapshots of a shard; those of its collection are not among them."""
    seconds = settings.NSADMIN_PLAN_TIMEOUT_S if timeout_s is None else timeout_s
    path = f"{shard_path(name, shard_id)}/snapshots"
    told = exchange.call(cluster, "GET", path, timeout_s=seconds)
    return [_of(one) for one in read(_Listing, {"snapshots": told}).snapshots]


def delete_snapshot(
    cluster: Cluster,
    name: str,
    shard_id: int,
    snapshot: str,
    *,
    timeout_s: float | None = None,
) -> bool:
    """Delete a snapshot by its name; False where there was none."""
    path = f"{shard_path(name, shard_id)}/snapshots/{_segment(snapshot)}?wait=true"
    try:
        exchange.call(cluster, "DELETE", path, timeout_s=timeout_s)
    except UpstreamError as refusal:
        if refusal.details.get("status") == 404:
            return False
        raise
    return True


def snapshot_url(cluster: Cluster, name: str, shard_id: int, snapshot: str) -> str:
    """Return the address of a snapshot, as the server itself may fetch it."""
    path = f"{shard_path(name, shard_id)}/snapshots/{_segment(snapshot)}"
    return f"{cluster.url.rstrip('/')}{path}"


def recover(
    cluster: Cluster,
    name: str,
    shard_id: int,
    *,
    location: str,
    checksum: str | None,
    timeout_s: float,
) -> None:
    """Replace the content of a shard by the snapshot at an address of this cluster.

    The server fetches it with its own key. After an error it may still go on with it.
    """
    body: dict[str, Any] = {
        "location": location,
        "priority": "snapshot",
        "checksum": checksum,
        "api_key": cluster.plain_key,
    }
    given = {key: value for key, value in body.items() if value is not None}
    path = f"{shard_path(name, shard_id)}/snapshots/recover?wait=true"
    if exchange.call(cluster, "PUT", path, given, timeout_s=timeout_s) is not True:
        raise MalformedAnswer.of("it does not say that the shard was recovered")


def _segment(snapshot: str) -> str:
    return quote(read(_Snapshot, {"name": snapshot, "size": 0}).name, safe="")
