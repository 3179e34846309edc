"""The rows of a filter's form: what was typed, kept as it was. Pure.

A filter in a URL is a list of pairs. `f` begins a condition with its field; the pairs
after it belong to it, up to the next `f`: `g` its group (all, any, none), `t` the type
of the field, `o` the operator, `v` the value as it is typed, and `e` is 1 for a
condition of the same element. A form whose rows have inputs of these names, in this
order, sends such a list without script.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from nsadmin.errors import Invalid

Group = Literal["all", "any", "none"]
GROUPS: Final[tuple[Group, ...]] = ("all", "any", "none")
GROUP_WORDS: Final = {"all": "All of", "any": "Any of", "none": "None of"}
MAX_CONDITIONS: Final = 30
Pair = tuple[str, str]
# The keys of pairs that belong to a filter.
KEYS: Final = frozenset({"f", "g", "t", "o", "v", "e"})


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it was typed; nothing in it is checked."""

    field: str
    group: str = "all"
    type: str = ""
    operator: str = ""
    text: str = ""
    same_element: bool = False

    @property
    def is_blank(self) -> bool:
        """Whether no field was chosen, so that the row means nothing."""
        return not self.field.strip()


def rows_of(pairs: Iterable[Pair]) -> tuple[Row, ...]:
    """Return the rows that the pairs of a query describe; other pairs are left out.

    Blank rows are kept, so that they can be shown again. Raises Invalid at
    `conditions` for more than `MAX_CONDITIONS`.
    """
    found: list[dict[str, str]] = []
    for key, value in pairs:
        if key == "f":
            found.append({"f": value})
        elif key in KEYS and found:
            found[-1].setdefault(key, value)
        if len(found) > MAX_CONDITIONS:
            raise too_many()
    return tuple(
        Row(
            field=row["f"],
            group=row.get("g", "all"),
            type=row.get("t", ""),
            operator=row.get("o", ""),
            text=row.get("v", ""),
            same_element=row.get("e") == "1",
        )
        for row in found
    )


def too_many() -> Invalid:
    """Return the error of a filter with too many conditions."""
    message = f"A filter may have at most {MAX_CONDITIONS} conditions."
    return Invalid.at("conditions", message)
