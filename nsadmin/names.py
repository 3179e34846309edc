"""The rules for the characters of all names. Pure.

Two names that look the same must be the same. So a name is in NFC and trimmed, and
invisible characters are refused: control and format characters (including direction
marks), default-ignorable characters, and blanks other than spaces. Joiners (U+200C,
U+200D) are format characters, so Persian and Hindi names and combined emoji are written
without them. Longer texts, such as descriptions, may contain joiners.
"""

import math
import unicodedata
from collections.abc import Mapping
from typing import Any

from nsadmin.errors import Invalid

_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Default_Ignorable_Code_Point of Unicode where the category does not say so, and the
# braille cell without dots: code points, first and last.
_UNSEEN = (
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0xE0100, 0xE01EF),
)

# The longest text within a JSON value.
_MAX_TEXT = 4000


def composed(text: str) -> str:
    """Return the text in NFC, the form of stored texts; search texts need it too."""
    return unicodedata.normalize("NFC", text)


def trimmed(text: str) -> str:
    """Return the text as names are stored: NFC, without spaces around it."""
    return composed(text).strip()


def too_long(longest: int, count: int, subject: str = "It") -> str:
    """Return the message for a text with too many characters."""
    return f"{subject} may have at most {longest:,} characters; it has {count:,}."


def clip(text: str, longest: int) -> str:
    """Return a foreign text as every database can store it, cut to `longest`.

    PostgreSQL refuses NUL, and no encoding has lone surrogates; both become U+FFFD. A
    cut text ends in an ellipsis.
    """
    stored = text[: longest + 1].replace("\0", "\ufffd")
    stored = stored.encode(errors="surrogatepass").decode(errors="replace")
    return stored if len(stored) <= longest else f"{stored[: longest - 1]}…"


def storable(value: Any, depth: int = 16) -> Any:
    """Return a value of an answer as every database can store it as JSON.

    PostgreSQL refuses NUL in texts, and numbers that are none. Whatever is deeper than
    `depth` becomes null.
    """
    if isinstance(value, Mapping) and depth:
        return {clip(str(k), 1000): storable(v, depth - 1) for k, v in value.items()}
    if isinstance(value, list | tuple) and depth:
        return [storable(item, depth - 1) for item in value]
    if isinstance(value, str):
        return clip(value, _MAX_TEXT)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, int) else None


def clean(text: str, *, at: str, what: str = "name", longest: int | None = None) -> str:
    """Return the name as it is stored; raise Invalid for an invisible character.

    `longest` limits the stored form, which may be longer than the text sent.
    """
    cleaned = trimmed(text)
    if longest is not None and len(cleaned) > longest:
        sentence = too_long(longest, len(cleaned), f"The {what}")
        raise Invalid.at(at, sentence)
    for character in cleaned:
        if is_hidden(character):
            sentence = (
                f"The {what} contains U+{ord(character):04X}, "
                "which is a control or invisible character."
            )
            raise Invalid.at(at, sentence)
    return cleaned


def is_hidden(character: str) -> bool:
    """Whether a character is invisible, or changes the order of others."""
    if unicodedata.category(character) in _HIDDEN_CATEGORIES:
        return True
    return any(first <= ord(character) <= last for first, last in _UNSEEN)
