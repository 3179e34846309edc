"""The running optimizations of a collection, as Qdrant reports them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Running:
    """An optimization as it is drawn; `percent` is None if its size is unknown."""

    words: str
    amount: str
    percent: float | None
    began_at: datetime | None


def running_optimizations(builds: Sequence[dict[str, Any]]) -> list[Running]:
    """Return the optimizations, with the part that is done where it is known."""
    return [_running(build) for build in builds]


def _running(build: dict[str, Any]) -> Running:
    done, total = build["done"], build["total"]
    is_sized = done is not None and bool(total)
    return Running(
        words=f"{build['optimizer']}: {build['stage'] or 'running'}",
        amount=f"{done:,} of {total:,}" if is_sized else "",
        percent=min(100.0, 100 * done / total) if is_sized else None,
        began_at=_time(build.get("started_at")),
    )


def _time(written: object) -> datetime | None:
    """Return a time of Qdrant; None for what is none."""
    try:
        found = datetime.fromisoformat(str(written))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
