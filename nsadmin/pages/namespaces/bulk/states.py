"""The outcome for each namespace of a change, as badges and counts."""

from collections import Counter
from collections.abc import Iterable, Mapping

from nsadmin.bulk.models import BulkItem, State
from nsadmin.pages.common.badges import UNKNOWN, Badge
from nsadmin.pages.templatetags.formatting import grouped

STATES: Mapping[str, Badge] = {
    State.PLANNED: Badge("idle", "clock", "Waiting"),
    State.UNCHANGED: Badge("idle", "circle-minus", "Nothing to change"),
    State.BLOCKED: Badge("warn", "ban", "Not possible"),
    State.LEFT_OUT: Badge("idle", "circle-minus", "Left out"),
    State.RUNNING: Badge("run", "loader-2", "In progress", turns=True),
    State.DONE: Badge("ok", "circle-check-fill", "Done"),
    State.ACCEPTED: Badge("run", "loader-2", "Accepted, Qdrant catching up"),
    State.STARTED: Badge("run", "loader-2", "Job started"),
    State.WAITING: Badge("warn", "hourglass", "Needs a second person"),
    State.FAILED: Badge("bad", "circle-x-fill", "Not done"),
}


def badge_of(item: BulkItem) -> Badge:
    """Return the badge of one namespace."""
    return STATES.get(item.state, UNKNOWN)


def counted(items: Iterable[BulkItem]) -> str:
    """Return how many namespaces are in which state, such as `3 done, 1 not done`."""
    counts = Counter(item.state for item in items)
    return ", ".join(
        f"{grouped(counts[state])} {badge.word[0].lower()}{badge.word[1:]}"
        for state, badge in STATES.items()
        if counts[state]
    )
