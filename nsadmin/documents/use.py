"""Filters of the console count as uses of their fields, for the advice on indexes."""

from typing import Final

from nsadmin.advice import usage
from nsadmin.documents.collection import Opened
from nsadmin.documents.query.filters import Filter
from nsadmin.errors import NsadminError
from nsadmin.stores import redis
from nsadmin.stores.counters import Tally

# The same filter of the same person counts once within this time: its pages, the
# neighbors found with it and the counts of its values are one use.
_ONCE_MS: Final = 10 * 60 * 1000


def count_use(opened: Opened, asked: Filter, *, milliseconds: float) -> None:
    """Count the fields of a filter as used by the console; never fails."""
    fields = asked.fields
    if not fields:
        return
    namespace_id = opened.view.namespace.namespace_id
    key = f"filter-use:{namespace_id}:{opened.actor.kind}:{opened.actor.id}"
    if not redis.claim(f"{key}:{asked.digest}", milliseconds=_ONCE_MS):
        return
    tallies = {name: Tally(1, 1, milliseconds) for name in fields}
    try:
        usage.count_filter(namespace_id, tallies, source=usage.CONSOLE)
    except NsadminError:
        return  # counting is a hint
