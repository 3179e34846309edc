"""The rows of a filter's form: what was typed, kept as it was. Pure.

A filter in a URL is a list of pairs. `f` begins a condition with its field; the pairs
after it belong to it, up to the next `f`: `g` its group (all, any, none), `t` the type
of the field, `o` the operator, `v` the value as it is typed, and `e` is 1 for a
condition of the same element. A form whose rows have inputs of these names, in this
order, sends such a list without script.

Where the operator takes several values, further `v` of a condition are further values.
Whatever else is repeated with another meaning, or stands before the first `f`, is wrong
with its row: nothing of a filter is left out in silence.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from nsadmin.documents.query.operators import Operator, takes
from nsadmin.errors import Invalid
from nsadmin.names import clip

Group = Literal["all", "any", "none"]
GROUPS: Final[tuple[Group, ...]] = ("all", "any", "none")
GROUP_WORDS: Final = {"all": "All of", "any": "Any of", "none": "None of"}
MAX_CONDITIONS: Final = 30
Pair = tuple[str, str]
# The keys of pairs that belong to a filter.
KEYS: Final = frozenset({"f", "g", "t", "o", "v", "e"})
# What is given once for a condition: its part in errors, and in words.
_ONCE: Final = {
    "g": ("group", "group"),
    "t": ("type", "type"),
    "o": ("operator", "operator"),
    "e": ("same_element", "mark of the same element"),
}
_SEVERAL: Final = frozenset(o.value for o in Operator if takes(o) not in (0, 1))
_MOST_SHOWN: Final = 60

_Given = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it was typed.

    `wrong` are the parts of it that are more than a condition has, each with what is
    to be said; nothing else in it is checked.
    """

    field: str
    group: str = "all"
    type: str = ""
    operator: str = ""
    text: str = ""
    same_element: bool = False
    wrong: tuple[tuple[str, str], ...] = ()

    @property
    def is_blank(self) -> bool:
        """Whether no field was chosen, so that the row means nothing."""
        return not self.field.strip()


def rows_of(pairs: Iterable[Pair]) -> tuple[Row, ...]:
    """Return the rows that the pairs of a query describe; other pairs are left out.

    Blank rows are kept, so that they can be shown again. Raises Invalid at
    `conditions` for more than `MAX_CONDITIONS`.
    """
    found: list[_Given] = []
    for key, value in pairs:
        if key == "f" or (key in KEYS and not found and value.strip()):
            found.append({key: [value]})
        elif key in KEYS and found:
            found[-1].setdefault(key, []).append(value)
        if len(found) > MAX_CONDITIONS:
            raise too_many()
    return tuple(_row(given) for given in found)


def _row(given: _Given) -> Row:
    first = {key: values[0] for key, values in given.items()}
    texts = _distinct(given, "v")
    return Row(
        field=first.get("f", ""),
        group=first.get("g", "all"),
        type=first.get("t", ""),
        operator=first.get("o", ""),
        text=first.get("v", "") if len(texts) < 2 else ", ".join(texts),
        same_element=first.get("e") == "1",
        wrong=tuple(_wrong(given, texts)),
    )


def _distinct(given: _Given, key: str) -> list[str]:
    return [value for value in dict.fromkeys(given.get(key, ())) if value.strip()]


def _wrong(given: _Given, texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the parts of a row that its condition cannot have."""
    if "f" not in given:
        yield "field", "A condition begins with its field: send f first."
    for key, (part, word) in _ONCE.items():
        several = _distinct(given, key)
        if len(several) > 1:
            yield part, f"The {word} is given more than once: {_listed(several)}."
    if len(texts) < 2:
        return
    if given.get("o", [""])[0] not in _SEVERAL:
        taken = f"This operator takes one value, not {_listed(texts)}"
        yield "value", f"{taken}. For several, choose “is one of” or another operator."
    elif any(text.count('"') % 2 for text in texts):
        yield "value", 'A value begins with " and does not end with it.'


def _listed(values: Sequence[str]) -> str:
    shown = ", ".join(f"“{clip(value, _MOST_SHOWN)}”" for value in values[:3])
    more = len(values) - 3
    return f"{shown} and {more} more" if more > 0 else shown


def too_many() -> Invalid:
    """Return the error of a filter with too many conditions."""
    message = f"A filter may have at most {MAX_CONDITIONS} conditions."
    return Invalid.at("conditions", message)
