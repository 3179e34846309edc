"""How many documents a filter finds, and why it may find none."""

import time
from typing import Final

from django.conf import settings

from nsadmin.documents.collection import Opened
from nsadmin.documents.found import Alone, Count
from nsadmin.documents.query.filters import Filter
from nsadmin.errors import NsadminError, Unavailable
from nsadmin.stores.qdrant.browsing import counting
from nsadmin.stores.qdrant.bulk.strict_mode import StrictModeRefusal

# Conditions that are counted one by one; all of them may take the time of one call.
_MOST_EXPLAINED: Final = 8


def count(opened: Opened, asked: Filter) -> Count:
    """Count what a filter finds: exactly, else nearly, else not at all."""
    try:
        return Count(_exact(opened, asked), is_exact=True)
    except StrictModeRefusal as refused:
        if refused.rule != "search_allow_exact":
            return Count(None, is_exact=False, note=refused.message)
        note = "The collection's strict mode switches exact counts off."
    except Unavailable:
        note = "Counting exactly takes too long."
    except NsadminError as failure:
        return Count(None, is_exact=False, note=failure.message)
    try:
        number = _matching(opened, asked, exact=False)
    except NsadminError:
        return Count(None, is_exact=False, note=note)
    return Count(number, is_exact=False, note=note)


def _exact(opened: Opened, asked: Filter) -> int:
    """Count exactly; all documents by two counts that need not look at each."""
    if asked or opened.shows_only_marked:
        return _matching(opened, asked, exact=True)
    everything = counting.matching(
        opened.cluster, opened.name, {}, exact=True, timeout_s=_timeout_s()
    )
    others = counting.matching(
        opened.cluster,
        opened.name,
        {"should": opened.of_others},
        exact=True,
        timeout_s=_timeout_s(),
    )
    return max(0, everything - others)


def _matching(
    opened: Opened, asked: Filter, *, exact: bool, timeout_s: float | None = None
) -> int:
    return counting.matching(
        opened.cluster,
        opened.name,
        opened.guarded(asked),
        exact=exact,
        timeout_s=_timeout_s() if timeout_s is None else timeout_s,
    )


def _timeout_s() -> float:
    return float(settings.NSADMIN_PAGE_TIMEOUT_S)


def explain(opened: Opened, asked: Filter) -> tuple[Alone, ...]:
    """Return what each condition finds alone, and what the others find without it.

    Of a filter with a single condition there is nothing to say. What there is no time
    for is None.
    """
    if len(asked.placed) < 2:
        return ()
    give_up = time.monotonic() + _timeout_s()
    return tuple(
        Alone(
            number=placed.number,
            group=placed.group,
            sentence=placed.condition.sentence,
            alone=_in_time(opened, asked.only(placed.number), give_up),
            without=_in_time(opened, asked.without(placed.number), give_up),
        )
        for placed in asked.placed[:_MOST_EXPLAINED]
    )


def _in_time(opened: Opened, asked: Filter, give_up: float) -> int | None:
    left = give_up - time.monotonic()
    if left <= 0:
        return None
    try:
        return _matching(opened, asked, exact=True, timeout_s=left)
    except NsadminError:
        return None
