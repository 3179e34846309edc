"""Bringing a shard by a snapshot that its own server recovers under another name."""

from typing import Final

from django.conf import settings

from nsadmin.errors import NsadminError, UpstreamError
from nsadmin.stores.qdrant import shards
from nsadmin.stores.qdrant.answers import MalformedAnswer
from nsadmin.stores.qdrant.cluster import Cluster
from nsadmin.transfer.ledger import Keeper, Ledger, ShardEntry
from nsadmin.transfer.site import Site

# Of a customer's own cluster too, whose list would be in the cursor for each shard.
_MOST_LISTED: Final = 50


def bring(keeper: Keeper, shard: ShardEntry) -> None:
    """Snapshot the shard, recover it as the target's, and delete the snapshot.

    What the source has of snapshots is recorded before one is asked for, so one that a
    kill leaves behind is told apart. Raises the refusal of a server, or Unavailable.
    """
    source, target = keeper.session.source, keeper.session.target
    at = source.cluster, source.collection, shard.id
    if shard.listed is None:
        shard.listed = _listed(at)
    keeper.ledger.note_copy()
    within_s = float(settings.NSADMIN_TRANSFER_CALL_S)
    try:
        _make(keeper, at, shard, within_s)
        keeper.session.job.raise_if_interrupted()
        shards.recover(
            target.cluster,
            target.collection,
            shard.id,
            location=shards.snapshot_url(*at, shard.made),
            checksum=shard.checksum,
            timeout_s=within_s,
        )
    finally:
        _try_to_delete(source, shard)


def _listed(at: tuple[Cluster, str, int]) -> list[str]:
    """Return the names of a shard's snapshots, which the job's cursor has to hold."""
    names = [found.name for found in shards.snapshots(*at)]
    if len(names) > _MOST_LISTED:
        raise UpstreamError(
            f"The shard has more than {_MOST_LISTED} snapshots.", code="many_snapshots"
        )
    return names


def _make(
    keeper: Keeper, at: tuple[Cluster, str, int], shard: ShardEntry, within_s: float
) -> None:
    """Make the snapshot; unless the server answers, it may still appear later."""
    was_unclear, shard.is_unclear = shard.is_unclear, True
    keeper.note()
    try:
        made = shards.create_snapshot(*at, timeout_s=within_s)
    except MalformedAnswer:
        raise
    except UpstreamError:
        shard.is_unclear = was_unclear
        raise
    shard.is_unclear = was_unclear
    shard.made, shard.checksum, shard.bytes = made.name, made.checksum, made.size


def _try_to_delete(source: Site, shard: ShardEntry) -> None:
    """Delete the snapshot; what fails here is deleted by `clean_up` later."""
    try:
        delete_ours(source, shard)
    except NsadminError:
        return


def delete_ours(source: Site, shard: ShardEntry) -> None:
    """Delete the shard's snapshot that this transfer made, if there is one.

    After a request without an answer its name is not known: then it is one that the
    source did not list before. A snapshot whose deletion the server refuses stays.
    Raises Unavailable.
    """
    if shard.listed is None:
        return
    at = source.cluster, source.collection, shard.id
    try:
        names = {shard.made} if shard.made else set()
        if shard.is_unclear:
            names |= {found.name for found in shards.snapshots(*at)}
        for name in sorted(names.difference(shard.listed)):
            shards.delete_snapshot(*at, name)
    except UpstreamError:
        return
    shard.made = ""
    if not shard.is_unclear:
        shard.listed = None


def clean_up(source: Site, ledger: Ledger) -> None:
    """Delete every snapshot that the transfer left at its source."""
    for shard in ledger.shards:
        delete_ours(source, shard)
