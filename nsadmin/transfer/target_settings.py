"""The settings that a target's collection keeps of its source's, by both clusters."""

from nsadmin.stores.qdrant import collections, topology
from nsadmin.stores.qdrant.cluster import Cluster
from nsadmin.stores.qdrant.collections import LiveCollection
from nsadmin.transfer import settings
from nsadmin.transfer.settings import Config, Kept
from nsadmin.transfer.site import Site


def kept_settings(
    source: Site, live: LiveCollection, target: Cluster, *, what: str = "clone"
) -> Kept:
    """Ask both clusters what the target keeps of a collection, and what is lost.

    `what` names the target's collection in the sentences about the losses.
    """
    there = topology.distribution(target)
    kept = settings.kept_on(
        live.raw, nodes=there.nodes, distributed=there.is_enabled, what=what
    )
    aliases = topology.aliases(source.cluster, source.collection)
    return Kept(kept.config, [*kept.losses, *settings.alias_losses(aliases)])


def complete(source: Site, target: Site, live: LiveCollection, kept: Config) -> None:
    """Set what a creation cannot: the read fan-out, and the shards of each key.

    `live` is the target's collection as it was made.
    """
    params = settings.later_params(kept)
    if params and settings.later_params(live.raw) != params:
        collections.change(target.cluster, target.collection, {"params": params})
    if settings.has_shard_keys(kept):
        existing = topology.shard_keys(target.cluster, target.collection)
        for key in topology.shard_keys(source.cluster, source.collection):
            if key not in existing:
                topology.create_shard_key(target.cluster, target.collection, key)
