"""Which way each shard can take, and an estimate of what it costs; read-only."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from nsadmin.errors import NsadminError
from nsadmin.stores.qdrant import points, telemetry
from nsadmin.transfer import shard_ways
from nsadmin.transfer.measured import held_bytes
from nsadmin.transfer.site import Site
from nsadmin.transfer.ways import Way, Whole, whole

# Points per second where a cluster has no transfers to measure yet: 768 dimensions and
# ten payload fields, on two busy cores.
_DEFAULT_RATES: Final[Mapping[str, float]] = {
    "snapshot": 8_000,
    "stream": 5_000,
    "pages": 1_000,
    "mixed": 1_000,
}
_MB: Final = 1_000_000
_GB: Final = 1_000_000_000
# A snapshot stands beside the copy that is made of it.
_TIMES_ON_DISK: Final[Mapping[str, int]] = {"snapshot": 2, "mixed": 2}


@dataclass(frozen=True, slots=True)
class ShardWay:
    """The way of one shard; `points` is None where the server does not tell."""

    id: int
    way: Way
    points: int | None


@dataclass(frozen=True, slots=True)
class Choice:
    """The way of a transfer, and why it is no faster one (`reasons`, as sentences).

    `shards` is empty where the source does not report its shards. `points` is an exact
    count; `bytes` is what vectors and payloads take on the source, None where the
    server does not tell, `sent` what a transfer is expected to send, indexes included,
    None where none was measured. `disk` is a sentence. `seconds` is an estimate for the
    transfer alone.
    """

    way: Whole
    reasons: list[str]
    shards: tuple[ShardWay, ...]
    points: int
    bytes: int | None
    disk: str
    seconds: float | None
    sent: int | None = None


def preview(
    source: Site,
    target: Site,
    ways: tuple[Way, ...],
    *,
    rates: Mapping[str, float] | None = None,
    sizes: Mapping[str, float] | None = None,
) -> Choice:
    """Return how a transfer would go now; the target's collection need not exist.

    `rates` are points per second by way, as `measured_rates` returns them; ways that
    are not in it have a default. `sizes` are those of `measured_sizes`. Raises
    Unavailable or UpstreamError if the source cannot be read.
    """
    found = shard_ways.find(source, target, ways)
    chosen = tuple(
        ShardWay(shard.id, next(iter(found.ways[shard.id]), "pages"), shard.points)
        for shard in found.shards
    )
    way = whole([shard.way for shard in chosen])
    counted = points.count(source.cluster, source.collection)
    held = held_bytes(source)
    ratio = (sizes or {}).get(way)
    sent = round(held * ratio) if held is not None and ratio is not None else None
    per_second = {**_DEFAULT_RATES, **(rates or {})}[way]
    return Choice(
        way=way,
        reasons=found.reasons,
        shards=chosen,
        points=counted,
        bytes=held,
        disk=_disk(target, way, held if sent is None else max(held or 0, sent)),
        seconds=round(counted / per_second, 1) if per_second > 0 else None,
        sent=sent,
    )


def _disk(target: Site, way: Whole, held: int | None) -> str:
    try:
        total = telemetry.disk_of(target.cluster)
    except NsadminError:
        total = None
    of = "its disk" if total is None else f"its disk of {_amount(total)}"
    if held is None:
        needs = "how much the transfer needs is not known either"
    else:
        needed = held * _TIMES_ON_DISK.get(way, 1)
        for_now = " for a while" if way in _TIMES_ON_DISK else ""
        needs = f"the transfer needs about {_amount(needed)}{for_now}"
        if total is not None and needed > total:
            return f"T{needs[1:]}, which is more than {of} can hold."
    return f"The server does not report how much of {of} is free; {needs}."


def _amount(size: int) -> str:
    if size < _GB:
        return f"{max(1, round(size / _MB)):,} MB"
    return f"{size / _GB:,.1f} GB"
