"""The turn of a schedule's run: when it is over, and where the next one goes on.

A run has a budget of seconds (`beat.turn_s`). Loops over many items stop between two
items once it is spent, so that a run ends before the next one is due. `until_over` is
for items whose order is fair already, such as the longest waiting first. `Turn` is for
all others: the next turn starts after the last item of this one.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from django.utils import timezone

from nsadmin.jobs.items import storable_key
from nsadmin.jobs.models import TurnPlace

Item = TypeVar("Item")

# The place is written this often, so that a killed run goes on near where it was.
_SAVE_EVERY_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class _Budget:
    """When the turn ends (a monotonic time), and whether the run may go on at all."""

    ends_at: float
    is_lost: Callable[[], bool]


_current: ContextVar[_Budget | None] = ContextVar("turn", default=None)


@contextmanager
def within(
    seconds: float, *, is_lost: Callable[[], bool] = lambda: False
) -> Iterator[None]:
    """Let the turn of what the block calls end after `seconds`, or once it is lost."""
    token = _current.set(_Budget(time.monotonic() + seconds, is_lost))
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Let the turn of the block end after `seconds`, or sooner with that around it."""
    around = _current.get()
    is_lost = around.is_lost if around else lambda: False
    with within(min(seconds, left_s()), is_lost=is_lost):
        yield


def left_s() -> float:
    """Return the seconds that are left of the turn; infinite outside of a run."""
    budget = _current.get()
    if budget is None:
        return math.inf
    return 0.0 if budget.is_lost() else max(0.0, budget.ends_at - time.monotonic())


def is_over() -> bool:
    """Tell whether the turn is over: no further item is to be started."""
    return left_s() <= 0


def until_over(items: Iterable[Item]) -> Iterator[Item]:
    """Yield items until the turn is over; for an order that is fair by itself."""
    for item in items:
        if is_over():
            return
        yield item


class Turn(Generic[Item]):
    """The items of one turn, to be iterated once: those after the last turn's, then on.

    `read(after)` returns the items whose key is greater than `after` in their order,
    all for an empty one. At their end the turn goes on with the first, until it is over
    or has met each item once; the latter makes it complete. `share` names the part of
    the items, such as those of one cluster, that has its own place.

        due = Turn("drift", read, key=lambda row: row.pk, share=url)
        items.each("drift", due, work, key=..., is_complete=lambda: due.is_complete)
    """

    def __init__(
        self,
        loop: str,
        read: Callable[[str], Iterable[Item]],
        *,
        key: Callable[[Item], str],
        share: str = "",
    ) -> None:
        self.is_complete = False
        self._read = read
        self._key = key
        self._loop = storable_key(f"{loop} {share}".strip())
        self._at = ""
        self._saved_at = time.monotonic()

    @classmethod
    def of(
        cls,
        loop: str,
        items: Iterable[Item],
        *,
        key: Callable[[Item], str],
        share: str = "",
    ) -> "Turn[Item]":
        """Return the turn over items that are in memory, in any order."""
        ordered = sorted(items, key=key)
        return cls(
            loop,
            lambda after: (item for item in ordered if key(item) > after),
            key=key,
            share=share,
        )

    def __iter__(self) -> Iterator[Item]:
        start = self._at = _stored_place(self._loop)
        try:
            yield from self._circle(start)
        finally:
            self._save("" if self.is_complete else self._at)

    def _circle(self, start: str) -> Iterator[Item]:
        first = ""
        for item in self._read(start):
            if is_over():
                return
            first = first or self._name(item)
            yield from self._moved(item)
        for item in self._read("") if start else ():
            if first and self._name(item) == first:
                break
            if is_over():
                return
            yield from self._moved(item)
            if self._name(item) == start:
                break
        self.is_complete = True

    def _moved(self, item: Item) -> Iterator[Item]:
        # The place moves before the work: an item that stops the run is not the first
        # one of every run from then on.
        self._at = self._name(item) or self._at
        if time.monotonic() - self._saved_at > _SAVE_EVERY_S:
            self._save(self._at)
        yield item

    def _name(self, item: Item) -> str:
        try:
            return str(self._key(item))
        except Exception:  # noqa: BLE001 - an odd item; `items.each` records it
            return ""

    def _save(self, after: str) -> None:
        self._saved_at = time.monotonic()
        TurnPlace.objects.update_or_create(
            loop=self._loop,
            defaults={"after": storable_key(after), "at": timezone.now()},
        )


def _stored_place(loop: str) -> str:
    rows = TurnPlace.objects.filter(loop=loop)
    return rows.values_list("after", flat=True).first() or ""
