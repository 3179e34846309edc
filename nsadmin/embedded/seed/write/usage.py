"""Filter counts of the last seven days; hours that have counts are not changed."""

from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate

from nsadmin.advice import usage
from nsadmin.embedded.seed.catalogue import NAMESPACES
from nsadmin.embedded.seed.specs import FilterSpec, NamespaceSpec
from nsadmin.stores.counters import Tally

# How busy each hour of a day is, in UTC; any 24 hours have each of them once.
_BUSY = (2, 1, 1, 1, 2, 3, 5, 7, 9, 9, 8, 8, 7, 8, 9, 8, 7, 6, 5, 4, 4, 3, 3, 2)
# A little over the seven days after which unused indexes are reported.
HOURS = usage.WEEK + 2
_UNTIL = (0, *accumulate(_BUSY))


def write_usage(now: datetime, *, specs: Sequence[NamespaceSpec] = NAMESPACES) -> int:
    """Count seven days of filters where none are counted; return how many hours."""
    written = 0
    for spec in specs:
        if not spec.filters:
            continue
        for hour in usage.silent_hours(spec.namespace_id, hours=HOURS, now=now):
            tallies = {f.field_name: _tally(f, hour.hour) for f in spec.filters}
            counted = {name: tally for name, tally in tallies.items() if tally.count}
            usage.count_filter(spec.namespace_id, counted, at=hour)
            written += 1
    return written


def _tally(used: FilterSpec, hour: int) -> Tally:
    before, until = (used.a_day * _UNTIL[h] // _UNTIL[-1] for h in (hour, hour + 1))
    count = until - before
    return Tally(count, count, count * used.mean_ms)
