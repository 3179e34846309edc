"""Advice on the indexes that a namespace should or should not have. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from nsadmin.advice.infer import Inference
from nsadmin.advice.usage import FieldUsage
from nsadmin.namespaces.schema.document import StoredIndex
from nsadmin.namespaces.schema.limits import MAX_INDEXES
from nsadmin.namespaces.schema.payload_indexes import IndexType

Kind = Literal["missing", "over_budget", "wrong_type", "unused"]
# The gain that the platform claims for an index; the measured one is shown beside it.
CLAIM = "50-90%"
# A field filtered more often than this in 24 hours gets an automatic index.
AUTO_THRESHOLD = 100

# An index that holds a smaller share of the points with a value is of no use.
LEAST_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Holding:
    """What an index holds, by Qdrant's own counts.

    `points` have a value in the field, `held` of them are in the index. `index_type` is
    the type of the index that was counted.
    """

    index_type: str
    points: int
    held: int

    @property
    def is_too_little(self) -> bool:
        """Whether the index misses most of the points that have a value."""
        return self.held < LEAST_SHARE * self.points

    @property
    def sentence(self) -> str:
        """The two counts in words."""
        if self.points == 1:
            return f"holds {self.held} of the one point that has a value"
        return f"holds {self.held:,} of the {self.points:,} points that have a value"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One change to make, with its reason and evidence.

    `index_type` is the type to build, or the present type of an unused index; None if
    the sample does not determine it.
    """

    kind: Kind
    field_name: str
    index_type: IndexType | None
    sentence: str
    usage: FieldUsage | None = None
    inference: Inference | None = None

    @property
    def word(self) -> str:
        """The kind in words."""
        return self.kind.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence for advice: uses in a window and in 7 days, and sampled types.

    `hours` is the window's length. `fixed` names the indexes of the system and of
    extractors, which no advice touches. `began` is the hour of the first report, and
    `is_whole_week` says that it is at least 7 days ago; before, unused indexes are
    not known. `holdings` has what Qdrant says that indexes hold, of those it was asked
    about. `young` names the indexes created in these 7 days: filters had less time
    to use them.
    """

    custom: Sequence[StoredIndex]
    fixed: Collection[str]
    hours: int
    window: Sequence[FieldUsage]
    week: Sequence[FieldUsage]
    inferences: Mapping[str, Inference]
    began: datetime | None = None
    is_whole_week: bool = False
    holdings: Mapping[str, Holding] = field(default_factory=dict)
    young: Collection[str] = ()

    @property
    def unused(self) -> list[StoredIndex]:
        """The custom indexes that no filter of the 7 days used, if that is known."""
        used = {usage.field_name for usage in self.week}
        if not used or not self.is_whole_week:
            return []
        return [index for index in self.custom if index.field_name not in used]


def unindexed(seen: Evidence, *, min_count: int = AUTO_THRESHOLD) -> list[FieldUsage]:
    """Return the fields filtered more than `min_count` times without an index."""
    indexed = {index.field_name for index in seen.custom} | set(seen.fixed)
    return [
        usage
        for usage in seen.window
        if usage.count > min_count and usage.field_name not in indexed
    ]


def advise(seen: Evidence, *, min_count: int = AUTO_THRESHOLD) -> list[Advice]:
    """Return the advice: indexes to build, to change and to drop, in this order."""
    free = MAX_INDEXES - len(seen.custom) - len(seen.fixed)
    found = [
        _missing(usage, seen, fits=number < free)
        for number, usage in enumerate(unindexed(seen, min_count=min_count))
    ]
    used = {usage.field_name: usage for usage in seen.week}
    for index in seen.custom:
        holding = seen.holdings.get(index.field_name)
        if holding is None or holding.index_type != index.type:
            continue
        if holding.is_too_little:
            inference = seen.inferences.get(index.field_name)
            usage = used.get(index.field_name)
            found.append(_wrong(index, holding, inference, usage))
    found += [_unused(i) for i in seen.unused if i.field_name not in seen.young]
    return found


def suggestions(found: Sequence[Advice]) -> list[Advice]:
    """Return the advice to build an index, with or without room for one."""
    return [
        advice
        for advice in found
        if advice.usage is not None and advice.kind in ("missing", "over_budget")
    ]


def caveats(found: Sequence[Advice]) -> list[Advice]:
    """Return the advice on wrong and unused indexes, and on those without room."""
    return [advice for advice in found if advice.kind != "missing"]


def _missing(usage: FieldUsage, seen: Evidence, *, fits: bool) -> Advice:
    inference = seen.inferences.get(usage.field_name)
    times = "once" if usage.count == 1 else f"{usage.count:,} times"
    window = "hour" if seen.hours == 1 else f"{seen.hours:,} hours"
    sentence = f"Filtered {times} in {window} without an index."
    if usage.console:
        sentence = f"{sentence[:-1]}, of these {usage.console:,} in the console."
    if not fits:
        sentence += f" The budget of {MAX_INDEXES} indexes is used up: drop one first."
    return Advice(
        kind="missing" if fits else "over_budget",
        field_name=usage.field_name,
        index_type=inference.type if inference else None,
        sentence=sentence,
        usage=usage,
        inference=inference,
    )


def _wrong(
    index: StoredIndex,
    holding: Holding,
    inference: Inference | None,
    usage: FieldUsage | None,
) -> Advice:
    better = inference.type if inference else None
    return Advice(
        kind="wrong_type",
        field_name=index.field_name,
        # The same type would hold no more.
        index_type=None if better == index.type else better,
        sentence=f"The {index.type} index {holding.sentence}.",
        usage=usage,
        inference=inference,
    )


def _unused(index: StoredIndex) -> Advice:
    sentence = "No filter on this field was reported in 7 days."
    return Advice(
        kind="unused",
        field_name=index.field_name,
        index_type=index.type,
        sentence=sentence,
    )
