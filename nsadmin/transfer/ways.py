"""The ways in which a shard's points can be brought, and which are allowed here."""

from typing import Final, Literal

from django.conf import settings

Way = Literal["snapshot", "stream", "pages"]
# "mixed" if the shards come in several ways.
Whole = Literal["snapshot", "stream", "pages", "mixed"]

# From the fastest to the one that always works.
ALL: Final[tuple[Way, ...]] = ("snapshot", "stream", "pages")


def allowed() -> tuple[Way, ...]:
    """Return the ways of NSADMIN_TRANSFER_WAYS, fastest first; pages is always one."""
    named = {str(way).strip() for way in settings.NSADMIN_TRANSFER_WAYS}
    return tuple(way for way in ALL if way in named or way == "pages")


def whole(ways: list[Way]) -> Whole:
    """Return the way of a transfer from those of its shards."""
    different = set(ways)
    if not different:
        return "pages"
    return different.pop() if len(different) == 1 else "mixed"
