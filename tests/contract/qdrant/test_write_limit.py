"""The write limit that holds writes back: it holds, and it is taken back."""

import pytest

from nsadmin.stores.qdrant import collections, points, write_limit
from nsadmin.stores.qdrant.bulk.rate_limits import RateLimitReached
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import Cast

HIGHER = {"enabled": True, "write_rate_limit": 5000}


@pytest.mark.parametrize("before", [{}, HIGHER], ids=["none", "higher"])
def test_writes_are_held_back_until_the_limit_is_restored(
    cast: Cast, before: dict[str, object]
) -> None:
    name = cast.own.collection
    rows, _ = points.page(shared(), name, with_vectors=True)
    if before:
        collections.change(shared(), name, {"strict_mode_config": before})
    for _ in range(2):  # again, when the one write of the minute is taken already
        write_limit.restrict(shared(), name)
        with pytest.raises(RateLimitReached):
            points.put(shared(), name, rows[:1])
        assert points.count(shared(), name) == len(rows)
    live = collections.get(shared(), name)
    assert live is not None
    assert write_limit.is_restricted(live.raw["strict_mode_config"])
    write_limit.restore(shared(), name, before)
    points.put(shared(), name, rows)
    live = collections.get(shared(), name)
    assert live is not None
    rules = live.raw["strict_mode_config"]
    assert not write_limit.is_restricted(rules)
    assert rules["enabled"] is bool(before)
