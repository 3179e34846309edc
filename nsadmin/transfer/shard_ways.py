"""The ways that each shard of a source may take to a target, by what both report."""

from dataclasses import dataclass, field

from django.conf import settings

from nsadmin.errors import NsadminError
from nsadmin.stores.qdrant import collections, shards, topology
from nsadmin.stores.qdrant.shards import Shard
from nsadmin.transfer.site import Site
from nsadmin.transfer.ways import Way

_ACTIVE = "Active"
# The job's cursor has an entry for each, and is written with every checkpoint.
_MOST_SHARDS = 256


@dataclass(slots=True)
class ShardWays:
    """Ways by shard, fastest first; `pages` is not among them, it is left to all.

    `reasons` says in sentences why a faster way is left out.
    """

    shards: list[Shard] = field(default_factory=list)
    ways: dict[int, list[Way]] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)


def find(source: Site, target: Site, allowed: tuple[Way, ...]) -> ShardWays:
    """Ask both places; a target that is not made yet is taken to be like the source.

    Raises Unavailable while one of them is silent.
    """
    found = ShardWays()
    own = shards.layout(source.cluster, source.collection)
    if own is None:
        found.reasons.append("The source's server does not report shards.")
        return found
    if len(own) > _MOST_SHARDS:
        found.reasons.append("The source reports too many shards to take each alone.")
        return found
    found.shards = own
    there = shards.layout(target.cluster, target.collection)
    usable = _usable(source, target, allowed, found.reasons)
    if usable and not _fit(source, own, there, found.reasons):
        usable = []
    local = None if there is None else {s.id for s in there if s.is_local}
    for shard in own:
        found.ways[shard.id] = list(usable) if _is_reached(shard, local, found) else []
    return found


def _usable(
    source: Site, target: Site, allowed: tuple[Way, ...], reasons: list[str]
) -> list[Way]:
    """Return the ways other than pages that the two servers can take."""
    usable: list[Way] = [way for way in allowed if way != "pages"]
    if not usable:
        reasons.append("Snapshots and streams are switched off on this platform.")
    if source.is_beside(target):
        return usable
    # A snapshot needs both on one cluster, by its nature: that is no reason to name.
    usable = [way for way in usable if way != "snapshot"]
    if usable and (older := _older(source, target)):
        reasons.append(older)
        return []
    return usable


def _older(source: Site, target: Site) -> str:
    """Say that the target's server is too old for the source's shards; "" if not."""
    seconds = float(settings.NSADMIN_PLAN_TIMEOUT_S)
    ours = collections.version(source.cluster, timeout_s=seconds)
    theirs = collections.version(target.cluster, timeout_s=seconds)
    one, other = _numbers(ours), _numbers(theirs)
    if one is None or other is None:
        return "The versions of the two servers cannot be compared."
    if other >= one:
        return ""
    return (
        f"The target runs Qdrant {theirs}, which is older than the source's {ours} and "
        "may not read its shards."
    )


def _numbers(version: str) -> tuple[int, int] | None:
    major, _, rest = version.removeprefix("v").partition(".")
    minor = rest.partition(".")[0]
    is_numeric = major.isdecimal() and minor.isdecimal()
    if not is_numeric or len(major) + len(minor) > 12:
        return None
    return int(major), int(minor)


def _fit(
    source: Site, own: list[Shard], there: list[Shard] | None, reasons: list[str]
) -> bool:
    """Tell whether the shards of both places correspond to each other."""
    keyed = [s for s in [*own, *(there or [])] if s.key is not None]
    if keyed or topology.shard_keys(source.cluster, source.collection):
        reasons.append("Shards with keys are copied in pages.")
        return False
    if there is not None and {s.id for s in there} != {s.id for s in own}:
        reasons.append(
            f"The source has {len(own)} shards and the target {len(there)}, so they "
            "do not correspond to each other."
        )
        return False
    return True


def _is_reached(shard: Shard, local: set[int] | None, found: ShardWays) -> bool:
    if not shard.is_local or (local is not None and shard.id not in local):
        found.reasons.append(f"Shard {shard.id} is on a node that is not reached.")
        return False
    if shard.state != _ACTIVE:
        found.reasons.append(f"Shard {shard.id} is not active.")
        return False
    return True


def refused(shard_id: int, way: Way, error: NsadminError) -> str:
    """Return the sentence for a way that a shard could not take.

    The server's own words stay out: they may name addresses.
    """
    how = {"snapshot": "as a snapshot", "stream": "as a stream"}.get(way, "in pages")
    return f"Shard {shard_id} could not be brought {how}: {_why(error)}."


def _why(error: NsadminError) -> str:
    status, text = error.details.get("status"), told(error)
    if "no space left" in text or "disk usage" in text:
        return "the server's disk is full"
    if "checksum" in text:
        return "its checksum was wrong twice"
    if status in (401, 403):
        return "the key may not do it, or the server forbids it"
    if status in (404, 405, 501):
        return "the server does not offer it"
    if isinstance(status, int) and status >= 500:
        return "the server failed"
    if error.code == "qdrant_refused":
        return "the server refused it"
    sentence = error.message.rstrip(".")
    is_name = sentence.startswith("Qdrant")
    return sentence if is_name else sentence[:1].lower() + sentence[1:]


def told(error: NsadminError) -> str:
    """Return what a server said with its refusal, in lower case."""
    told_by = error.details.get("upstream") or error.details.get("answer") or ""
    return f"{told_by} {error.message}".lower()
