"""Figures of the advice page: listed advice, share of indexed filters, gain."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from nsadmin.advice import builds, evidence, usage
from nsadmin.advice.evidence import Advised
from nsadmin.advice.rules import Advice
from nsadmin.advice.usage import FieldUsage
from nsadmin.pages.namespace.forms.advice import tick_of

FIELDS_SHOWN = 50
# The first entries are open, the next folded, and the rest only counted.
_OPEN, _SHOWN = 25, 200


@dataclass(frozen=True, slots=True)
class Used:
    """A filtered field, the type of its index, and its share of the most used field.

    `is_served` is also false if the index is declared but missing in Qdrant, and if it
    holds none of the points with a value; `empty` says so in words. `built_at` is when
    the index was built, if within 24 h; `before` of these hours' filters were earlier,
    so no index served them.
    """

    field: FieldUsage
    index_type: str
    is_served: bool
    share: float
    built_at: datetime | None = None
    before: int = 0
    empty: str = ""

    @property
    def since(self) -> int:
        """The number of the last day's filters since the build."""
        return self.field.count_24h - self.before


def listed(advice: Sequence[Advice]) -> dict[str, Any]:
    """Return the advice for the page: open, folded, and the number not shown."""
    ticked = [(item, tick_of(item)) for item in advice[:_SHOWN]]
    return {
        "advice": ticked[:_OPEN],
        "folded": ticked[_OPEN:],
        "beyond": max(0, len(advice) - _SHOWN),
        "max_shown": f":{_SHOWN}",
        "max_sampled": evidence.MAX_SAMPLED,
    }


def used_fields(found: Advised) -> list[Used]:
    """Return the fields filtered by in the week, the most used first.

    Raises Unavailable if Redis does not answer.
    """
    week = found.evidence.week
    own_id, now = found.namespace_id, found.taken_at
    built = builds.built_since(own_id, now - timedelta(hours=usage.DAY))
    since = usage.uses_since(own_id, built, now=now) if built else {}
    most = max((field.count_7d for field in week), default=1)
    empty = _empty(found)
    return [
        Used(
            field,
            found.serving.declared.get(field.field_name, ""),
            found.serving.serves(field.field_name) and field.field_name not in empty,
            100 * field.count_7d / most,
            built.get(field.field_name),
            field.count_24h - since.get(field.field_name, field.count_24h),
            empty.get(field.field_name, ""),
        )
        for field in week
    ]


def _empty(found: Advised) -> dict[str, str]:
    """Return {field: the counts in words} of present indexes that hold no point."""
    return {
        field: holding.sentence
        for field, holding in found.evidence.holdings.items()
        if holding.points and not holding.held and found.serving.serves(field)
    }


def muted(found: Advised) -> dict[str, Any]:
    """Return the fields without an automatic index, and the number not shown."""
    every = list(found.muted.items())
    return {"shown": every[:FIELDS_SHOWN], "beyond": len(every[FIELDS_SHOWN:])}


def served(used: Sequence[Used]) -> float | None:
    """Return the percentage of the last day's filters that had an index.

    Filters before an index was built had none.
    """
    total = sum(entry.field.count_24h for entry in used)
    there = sum(entry.since for entry in used if entry.is_served)
    return 100 * there / total if total else None


def typical_gain(found: Advised | None) -> float | None:
    """Return the median of the measured gains, in percent."""
    gains = (
        [row.gain for row in found.automatic if row.gain is not None] if found else []
    )
    return median(gains) if gains else None
