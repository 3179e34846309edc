"""Which shards a collection has, and which of them the answering node holds."""

from dataclasses import dataclass
from typing import Annotated

from django.conf import settings
from pydantic import Field

from nsadmin.errors import UpstreamError
from nsadmin.stores.qdrant.answers import (
    LARGEST,
    MOST_NAMES,
    NAME_LENGTH,
    Count,
    MalformedAnswer,
    Part,
    Some,
    Text,
    read,
)
from nsadmin.stores.qdrant.bulk import exchange
from nsadmin.stores.qdrant.cluster import Cluster, collection_name
from nsadmin.stores.qdrant.topology import ShardKey

_Key = (
    Annotated[int, Field(ge=0, le=LARGEST)]
    | Annotated[str, Field(max_length=NAME_LENGTH, pattern=r"^[^\x00]*$")]
)
_Id = Annotated[int, Field(ge=0, le=2**32 - 1)]
_ACTIVE = "Active"


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard; `points` is about how many it holds, None on another node."""

    id: int
    key: ShardKey | None
    points: int | None
    is_local: bool
    state: str


class _Local(Part):
    shard_id: _Id
    shard_key: _Key | None = None
    points_count: Count = 0
    state: Text = ""


class _Remote(Part):
    shard_id: _Id
    shard_key: _Key | None = None
    state: Text = ""


class _Report(Part):
    local_shards: Annotated[Some[_Local], Field(max_length=MOST_NAMES)]
    # Each shard has a replica on each of several nodes.
    remote_shards: Annotated[Some[_Remote], Field(max_length=10 * MOST_NAMES)]


def layout(
    cluster: Cluster, name: str, *, timeout_s: float | None = None
) -> list[Shard] | None:
    """Return each shard of a collection once, by id; None if there is no report.

    A shard with several replicas is the local one, else an active one if there is one.
    """
    seconds = settings.NSADMIN_PLAN_TIMEOUT_S if timeout_s is None else timeout_s
    path = f"/collections/{collection_name(name)}/cluster"
    try:
        told = exchange.call(cluster, "GET", path, timeout_s=seconds)
    except MalformedAnswer:
        raise
    except UpstreamError:
        return None
    return _shards(read(_Report, told))


def _shards(told: _Report) -> list[Shard]:
    found: dict[int, Shard] = {}
    # What comes later replaces what came before, so the best comes last.
    for one in sorted(told.remote_shards, key=lambda remote: remote.state == _ACTIVE):
        found[one.shard_id] = Shard(
            one.shard_id, one.shard_key, None, is_local=False, state=one.state
        )
    for own in told.local_shards:
        found[own.shard_id] = Shard(
            own.shard_id,
            own.shard_key,
            own.points_count,
            is_local=True,
            state=own.state,
        )
    return [found[number] for number in sorted(found)]
