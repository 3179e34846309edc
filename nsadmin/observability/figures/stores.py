"""Whether the stores answer that every page needs, and how fast."""

import time
from collections.abc import Iterator

from prometheus_client import Metric

from nsadmin.errors import Unavailable
from nsadmin.health import readiness
from nsadmin.observability.figures.gauges import gauges


def read() -> Iterator[Metric]:
    """Ask each store as `/readyz` does."""
    up: dict[str, float] = {}
    seconds: dict[str, float] = {}
    for name, check in readiness.CHECKS.items():
        store, began = name.replace(" ", "_"), time.perf_counter()
        try:
            check()
            up[store] = 1
        except Unavailable:
            up[store] = 0
        seconds[store] = time.perf_counter() - began
    yield gauges("nsadmin_store_up", "1 if a store can be used.", ["store"], up)
    meaning = "Seconds until a store answered, or failed to."
    yield gauges("nsadmin_store_probe_seconds", meaning, ["store"], seconds)
