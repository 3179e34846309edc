"""One condition of a filter, with its typed values. Pure."""

from dataclasses import dataclass
from typing import Final

from nsadmin.documents.query.operators import (
    WORDS,
    FieldType,
    Operator,
    takes,
)
from nsadmin.documents.query.readings import other_reading
from nsadmin.documents.query.values import Value, list_text, value_text

_MOST_SHOWN: Final = 80


@dataclass(frozen=True, slots=True)
class Condition:
    """What a filter asks of one field; of a named vector for the type `vector`.

    `values` are of the field's type and as many as the operator takes; a moment is text
    in UTC such as `2026-11-20T14:00:00Z`. Places are numbers: latitude, longitude and
    metres of a radius; north, west, south and east of a box. Values of the type `any`
    are texts, which match a number or a boolean too where they read as one. With
    `same_element` the condition and its like in the same group are asked of one element
    of the list that `field` opens last, such as `items[]` of `items[].price`.
    """

    field: str
    type: FieldType
    operator: Operator
    values: tuple[Value, ...] = ()
    same_element: bool = False

    @property
    def element(self) -> str:
        """The list whose element is asked, such as `items`; "" without one."""
        if not self.same_element:
            return ""
        return self.field.rpartition("[].")[0]

    @property
    def other_readings(self) -> tuple[Value, ...]:
        """The numbers and booleans that its texts match as well; of type `any` only."""
        if self.type != "any":
            return ()
        read = (other_reading(str(value)) for value in self.values)
        return tuple(value for value in read if value is not None)

    @property
    def text(self) -> str:
        """The values as one types them: with commas where there may be several."""
        if takes(self.operator) == 1:
            return value_text(self.values[0])
        return list_text([value_text(value) for value in self.values])

    @property
    def sentence(self) -> str:
        """The condition in words, such as `rank is at least 3`; at most 300 signs."""
        subject = f"vector {self.field}" if self.type == "vector" else self.field
        words = " ".join(part for part in (subject, WORDS[self.operator]) if part)
        told = self._told_values()
        return f"{words} {told}"[:300].strip()

    def _told_values(self) -> str:
        shown = [value_text(value)[:_MOST_SHOWN] for value in self.values[:5]]
        if self.operator is Operator.BETWEEN:
            return f"{shown[0]} and {shown[1]}"
        if self.operator is Operator.WITHIN_RADIUS:
            return f"of {shown[2]} m around {shown[0]}, {shown[1]}"
        more = len(self.values) - len(shown)
        return ", ".join(shown) + (f" and {more} more" if more else "")
