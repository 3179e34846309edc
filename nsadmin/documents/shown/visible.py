"""Characters that nobody can see, as a page shows them in a foreign text. Pure."""

import unicodedata
from typing import Final

from nsadmin.names import is_hidden

EMPTY: Final = "(empty)"
# What has a look of its own, or is drawn as a box.
_DRAWN: Final = frozenset({"Co", "Cn"})
# Joiners and the looks of letters and emoji belong to the writing of many languages.
_JOINERS: Final = frozenset("\u200c\u200d\ufe0e\ufe0f")
_LATIN_END: Final = "\u024f"
# Marks in one text; a character beyond is a plain replacement character.
_MOST_MARKS: Final = 4


def mark(character: str, before: str = "") -> str:
    """Return what stands for a character: itself, or `⟨U+202E⟩` for a hidden one.

    Line ends and tabs are themselves, and so are joiners after a letter that is not
    Latin or after an emoji, `before`.
    """
    if not _is_marked(character, before):
        return character
    return f"⟨U+{ord(character):04X}⟩"


def _is_marked(character: str, before: str) -> bool:
    if character.isascii() and (character.isprintable() or character in "\n\t"):
        return False
    if character in _JOINERS and before > _LATIN_END and not is_hidden(before):
        return False
    is_drawn = unicodedata.category(character) in _DRAWN
    return not is_drawn and is_hidden(character)


def visible(text: str) -> str:
    """Return a short foreign text, such as a key, with its hidden characters marked.

    The empty text is a word, and one of blanks alone is in quotation marks.
    """
    if not text.strip():
        return f"“{text}”" if text else EMPTY
    parts, marks = [], 0
    for before, character in zip(" " + text, text, strict=False):
        shown = mark(character, before)
        marks += shown != character
        is_beyond = shown != character and marks > _MOST_MARKS
        parts.append("\ufffd" if is_beyond else shown)
    return "".join(parts)
