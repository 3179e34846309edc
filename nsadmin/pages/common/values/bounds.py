"""How much of a foreign value a page shows, and how its parts become texts. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.utils.html import escape

from nsadmin.names import clip

LONGEST_TEXT: Final = 2048
LONGEST_NAME: Final = 200
# Texts and names are cut to this many characters once half of the room is taken.
_SHORT: Final = 60
# Bits; Python refuses to write an integer of more than 4,300 digits.
LONGEST_INTEGER: Final = 4000


@dataclass(slots=True)
class Room:
    """What is left of a page for one value: the number of parts, and bytes of HTML.

    Everything taken counts, so that a page has a size whatever its value is. Texts are
    cut shorter once half of the bytes are taken, so that the last fields are seen too.
    """

    parts: int = 300
    size: int = 40_000
    depth: int = 12
    longest: int = LONGEST_TEXT
    _half: int = 0

    def __post_init__(self) -> None:
        """Remember how much half of the bytes is."""
        self._half = self.size // 2

    def has_part(self) -> bool:
        """Take one part; False if there is none left."""
        self.parts -= 1
        return self.parts >= 0 and self.size > 0

    def take(self, text: str) -> tuple[str, int]:
        """Return a text as far as there is room, and how many characters are cut."""
        longest = self._at_most(self.longest)
        return self._counted(text[:longest]), max(0, len(text) - longest)

    def take_name(self, name: object) -> str:
        """Return the name of a field, cut with an ellipsis."""
        return self._counted(clip(str(name), self._at_most(LONGEST_NAME)))

    def _at_most(self, longest: int) -> int:
        return longest if self.size > self._half else min(longest, _SHORT)

    def _counted(self, text: str) -> str:
        shown = printable(text)
        self.size -= len(escape(shown).encode())
        return shown


def printable(text: str) -> str:
    """Return a foreign text as a page can send it, without NUL and lone surrogates."""
    return clip(text, len(text))


def is_branch(value: Any) -> bool:
    """Tell whether a value has parts."""
    return isinstance(value, Mapping | list | tuple)


def parts_of(value: Any) -> list[tuple[Any, Any]]:
    """Return the parts of a map or list with their names or positions."""
    if isinstance(value, Mapping):
        return list(value.items())
    return list(enumerate(value))


def leaf_text(value: Any) -> tuple[str, str]:
    """Return the kind of a value without parts, and its text.

    Kinds are text, number, truth, nothing, time, bytes and other.
    """
    if isinstance(value, str):
        return "text", value
    if value is None:
        return "nothing", "null"
    if isinstance(value, bool):
        return "truth", "true" if value else "false"
    if isinstance(value, int):
        return "number", _digits(value)
    if isinstance(value, float):
        return "number", repr(value) if math.isfinite(value) else str(value)
    if isinstance(value, datetime):
        return "time", _moment(value)
    if isinstance(value, bytes):
        return "bytes", f"{len(value):,} bytes"
    return "other", str(value)


def _digits(value: int) -> str:
    return str(value) if value.bit_length() <= LONGEST_INTEGER else f"{value:#x}"


def _moment(value: datetime) -> str:
    try:
        moment = value if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        moment = value
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
