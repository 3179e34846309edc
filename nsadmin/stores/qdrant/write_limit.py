"""Holding back the writes to a collection by its strict mode, for a short time."""

import uuid
from contextlib import suppress
from typing import Any, Final

from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.bulk import exchange, rate_limits
from nsadmin.stores.qdrant.bulk.rate_limits import RateLimitReached
from nsadmin.stores.qdrant.cluster import Cluster, collection_name

Rules = dict[str, Any]

# The least that Qdrant takes: so many points in a minute.
_LEAST: Final = 1
# A rule can be changed, but not removed; so many points in a minute are no limit.
_NO_LIMIT: Final = 2**31 - 1


def is_restricted(rules: Rules) -> bool:
    """Tell whether a strict mode is the one that `restrict` sets."""
    return rules.get("enabled") is True and rules.get("write_rate_limit") == _LEAST


def restrict(cluster: Cluster, name: str) -> None:
    """Let the collection take no more writes than Qdrant can be told: one in a minute.

    That one is taken by a deletion of a point that does not exist. Where it is refused,
    the one of this minute is taken already.
    """
    rules = {"enabled": True, "write_rate_limit": _LEAST}
    collections.change(cluster, name, {"strict_mode_config": rules})
    path = f"/collections/{collection_name(name)}/points/delete?wait=true"
    with suppress(RateLimitReached), rate_limits.waited_for(_refuse_to_wait):
        exchange.call(cluster, "POST", path, {"points": [str(uuid.uuid4())]})


def _refuse_to_wait(seconds: float) -> None:
    raise RateLimitReached(seconds, "")


def restore(cluster: Cluster, name: str, before: Rules) -> None:
    """Set the rules as they were; `before` is the strict mode before `restrict`."""
    rules = {
        "enabled": before.get("enabled") is True,
        "write_rate_limit": before.get("write_rate_limit") or _NO_LIMIT,
    }
    collections.change(cluster, name, {"strict_mode_config": rules})
