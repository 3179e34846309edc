"""Bringing the points of a collection to another one, resumed after any kill."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from django.conf import settings

from nsadmin.errors import NotFound, NsadminError, Unavailable, UpstreamError
from nsadmin.stores.qdrant import collections, points
from nsadmin.transfer import shard_ways, snapshot, stream
from nsadmin.transfer.ledger import Keeper, Ledger, ShardEntry
from nsadmin.transfer.measured import held_bytes
from nsadmin.transfer.paging import pages
from nsadmin.transfer.session import Session
from nsadmin.transfer.site import Site
from nsadmin.transfer.ways import Way, Whole

# What a shard may meet in one way of errors and silences of servers that answer
# otherwise, or of wrong checksums; then the next way is taken.
_MOST_FAILURES: Final = 2
_TOO_SOON: Final = "cluster_rate_limited"
_BRING: Final[dict[Way, Callable[[Keeper, ShardEntry], None]]] = {
    "snapshot": snapshot.bring,
    "stream": stream.bring,
}


@dataclass(frozen=True, slots=True)
class Result:
    """How a transfer ended.

    `way` is "mixed" if its shards came in several ways. `copied_at` is the instant in
    ISO 8601 at which the first shard was taken: what was written to the source before
    it is in the target. `points` counts the points that were brought, `bytes` what went
    through this program (for a snapshot its size). `reasons` are sentences, one for
    each way that was left out or given up. `is_rewritten` is True if every point that
    the target has went through the session's `rewrite`.
    """

    way: Whole
    copied_at: str
    points: int
    bytes: int
    seconds: float
    is_rewritten: bool
    reasons: list[str] = field(default_factory=list)


def run(session: Session) -> Result:
    """Make the target, bring all points, and return the result; again if repeated.

    The result is also kept in the cursor and in `outputs["transfer"]`. Raises what
    `session.save` and `session.make` raise, Unavailable while a cluster is silent, and
    UpstreamError for a source that cannot be read or a target that cannot be written.
    """
    ledger = Ledger.read(session.state) if session.state else _begin(session)
    if ledger.result is not None:
        return Result(**ledger.result)
    keeper = Keeper(session, ledger)
    ledger.note_unclear()
    snapshot.clean_up(session.source, ledger)
    try:
        session.make()
        session.job.progress.begin(session.stage, total=ledger.counted)
        _plan(keeper)
        _bring_shards(keeper)
        brought = _bring_rest(keeper)
    except UpstreamError:
        _require_source(session.source)
        raise
    snapshot.clean_up(session.source, ledger)
    return _end(keeper, brought)


def clean_up(source: Site, state: dict[str, Any]) -> None:
    """Delete the shard snapshots that a transfer left at its source; repeatable.

    `state` is `cursor["transfer"]` of the job. Raises Unavailable while the source is
    silent.
    """
    if state:
        snapshot.clean_up(source, Ledger.read(state))


def _begin(session: Session) -> Ledger:
    counted = points.count(session.source.cluster, session.source.collection)
    return Ledger(counted, held=held_bytes(session.source))


def _require_source(source: Site) -> None:
    if collections.get(source.cluster, source.collection) is None:
        raise NotFound("The source's collection was deleted while it was copied.")


def _plan(keeper: Keeper) -> None:
    """Note the ways of each shard, once; a target with points gets only pages."""
    session, ledger = keeper.session, keeper.ledger
    if ledger.is_planned:
        return
    found = shard_ways.find(session.source, session.target, session.ways)
    for reason in found.reasons:
        ledger.add_reason(reason)
    there = points.count(session.target.cluster, session.target.collection)
    ledger.had_points = there > 0
    if ledger.had_points and any(found.ways.values()):
        ledger.add_reason("The target has points already, so they are not replaced.")
        found.ways = {}
    ledger.shards = [
        ShardEntry(shard.id, shard.points, found.ways.get(shard.id, []))
        for shard in found.shards
    ]
    ledger.is_planned = True
    keeper.save()


def _bring_shards(keeper: Keeper) -> None:
    """Bring every shard that can come otherwise than in pages."""
    for shard in keeper.ledger.shards:
        while shard.ways and shard.came_by is None:
            way = shard.ways[0]
            shard.is_started = True
            try:
                _BRING[way](keeper, shard)
            except NsadminError as error:
                _judge(keeper, shard, error)
                shard.is_started = False
            else:
                shard.came_by = way
            keeper.tell(points=keeper.points)
            keeper.save()


def _judge(keeper: Keeper, shard: ShardEntry, error: NsadminError) -> None:
    """Let the shard take its next way, or the same one again; else raise the error."""
    way, told = shard.ways[0], shard_ways.told(error)
    is_mismatch = "checksum" in told
    if is_mismatch:
        shard.mismatches += 1
        if shard.mismatches < _MOST_FAILURES:
            return
    elif isinstance(error, Unavailable) and "no space left" not in told:
        if error.code == _TOO_SOON or not _both_answer(keeper.session):
            raise error
        # The server may still do what it was asked for.
        keeper.ledger.is_touched = True
        shard.failures += 1
        if shard.failures < _MOST_FAILURES:
            keeper.note()
            raise error
    shard.ways = shard.ways[1:]
    shard.failures = shard.mismatches = 0
    keeper.ledger.add_reason(shard_ways.refused(shard.id, way, error))


def _both_answer(session: Session) -> bool:
    """Tell whether both clusters answer, so that a silence is one of this way alone."""
    seconds = float(settings.NSADMIN_PLAN_TIMEOUT_S)
    try:
        for site in (session.source, session.target):
            collections.version(site.cluster, timeout_s=seconds)
    except NsadminError:
        return False
    return True


def _bring_rest(keeper: Keeper) -> int:
    """Bring in pages what has not come otherwise; return how many points there are."""
    session, ledger = keeper.session, keeper.ledger
    ledger.note_unclear()
    if ledger.shards and all(shard.came_by for shard in ledger.shards):
        there = points.count(session.target.cluster, session.target.collection)
        now = points.count(session.source.cluster, session.source.collection)
        if ledger.pages or there < min(ledger.counted, now):
            ledger.add_reason(
                "The target had fewer points than the source, so the missing ones "
                "were brought in pages."
            )
        else:
            return there
    return pages.bring(keeper)


def _end(keeper: Keeper, brought: int) -> Result:
    ledger = keeper.ledger
    keeper.tell(points=brought)
    result = Result(
        way=keeper.way,
        copied_at=ledger.copied_at,
        points=brought,
        bytes=keeper.bytes,
        seconds=ledger.seconds,
        is_rewritten=not ledger.is_touched and not ledger.had_points,
        reasons=list(ledger.reasons),
    )
    ledger.result = asdict(result)
    keeper.save()
    return result
