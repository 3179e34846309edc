"""Rows of a comparison: a field, both values, and how they differ. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal

State = Literal["equal", "differs", "unknown"]


class Absent(Enum):
    """What stands in the place of a value that a side does not have."""

    UNKNOWN = "unknown"  # a store did not say; it equals nothing, not even itself
    NONE = "none"  # the side has no such thing


UNKNOWN: Final = Absent.UNKNOWN
NONE: Final = Absent.NONE

Value = Any  # a JSON value or Absent


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field of two namespaces; `difference` is empty where they are equal.

    `shares` are the lengths of two bars in percent, for counts that are both known.
    `is_code` tells whether the field is the name of something in a store.
    """

    field: str
    left: str
    right: str
    state: State
    difference: str = ""
    shares: tuple[float, float] | None = None
    is_code: bool = False

    @property
    def is_equal(self) -> bool:
        """Whether both sides are known to have the same."""
        return self.state == "equal"


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that belong together, under the title that the settings pages have."""

    title: str
    rows: tuple[FieldRow, ...]

    @property
    def shown(self) -> list[FieldRow]:
        """The rows that differ, and those of which it is unknown."""
        return [row for row in self.rows if not row.is_equal]

    @property
    def equal(self) -> list[FieldRow]:
        """The rows that are the same on both sides."""
        return [row for row in self.rows if row.is_equal]


def value_row(
    field: str, left: Value, right: Value, *, is_code: bool = False
) -> FieldRow:
    """Return the row of two settings."""
    state, difference = _unlike(left, right)
    if state == "differs" and not difference:
        difference = _in_words(left, right)
    return FieldRow(
        field, text_of(left), text_of(right), state, difference, is_code=is_code
    )


def told_row(
    field: str,
    left: Value,
    right: Value,
    *,
    is_same: bool,
    difference: str,
) -> FieldRow:
    """Return the row of two values that a rule of their own compares."""
    state, absent = _unlike(left, right)
    if absent or state == "unknown":
        words = absent
    else:
        state = "equal" if is_same else "differs"
        words = "" if is_same else difference
    return FieldRow(field, text_of(left), text_of(right), state, words, is_code=True)


def count_row(
    field: str, left: int | Absent, right: int | Absent, *, is_code: bool = False
) -> FieldRow:
    """Return the row of two counts, with bars where both are known."""
    state, difference = _unlike(left, right)
    shares = None
    if isinstance(left, int) and isinstance(right, int):
        most = max(left, right)
        shares = (100 * left / most, 100 * right / most) if most else (0.0, 0.0)
        if left != right:
            side = "right" if right > left else "left"
            difference = f"{abs(right - left):,} more on the {side}"
    return FieldRow(
        field, text_of(left), text_of(right), state, difference, shares, is_code
    )


def text_of(value: Value) -> str:
    """Return a value in words."""
    if isinstance(value, Absent):
        return value.value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value in ("", [], {}):
        return "not set"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {text_of(inside)}" for key, inside in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(text_of(inside) for inside in value)
    return str(value)


def _unlike(left: Value, right: Value) -> tuple[State, str]:
    """Return the state of two values, and the words where one side has none."""
    sides = [n for n, v in (("left", left), ("right", right)) if v is UNKNOWN]
    if sides:
        where = "on both sides" if len(sides) == 2 else f"on the {sides[0]}"
        return "unknown", f"Unknown {where}"
    if left is NONE and right is NONE:
        return "equal", ""
    if left is NONE:
        return "differs", "Only on the right"
    if right is NONE:
        return "differs", "Only on the left"
    is_same = type(left) is type(right) and left == right
    return ("equal" if is_same or _are_empty(left, right) else "differs"), ""


def _are_empty(left: Value, right: Value) -> bool:
    """Tell whether both are values that count as not set."""
    empty: list[Any] = [None, "", [], {}]
    return any(left is e or left == e for e in empty) and any(
        right is e or right == e for e in empty
    )


def _in_words(left: Value, right: Value) -> str:
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        parts = [
            f"only on the {side}: {', '.join(map(text_of, names))}"
            for side, names in (
                ("left", _without(left, right)),
                ("right", _without(right, left)),
            )
            if names
        ]
        return "; ".join(parts).capitalize() if parts else "Another order"
    if _are_empty(left, None):
        return "Set on the right only"
    if _are_empty(right, None):
        return "Set on the left only"
    return "Different"


def _without(some: Iterable[Value], others: Iterable[Value]) -> list[Value]:
    known = list(others)
    return [value for value in some if value not in known]
