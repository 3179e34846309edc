"""The characters that a name may have, for every kind of name. Pure.

Names stand in sentences, lists and addresses, and two that look the same must be the
same. So a name is NFC and trimmed, and invisible characters are refused: control and
format characters (those for directions too), characters that fonts may leave out,
and blanks other than the space. Joiners (U+200C, U+200D) are format characters: Persian
and Hindi names do without them, and an emoji is a single one. Texts longer than
a name, such as descriptions, keep them.
"""

import unicodedata

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


def composed(text: str) -> str:
    """Return the text in NFC, as all texts are stored; so a search has to be, too."""
    return unicodedata.normalize("NFC", text)


def trimmed(text: str) -> str:
    """Return the text as names are stored: NFC, without spaces around it."""
    return composed(text).strip()


def too_long(longest: int, count: int, subject: str = "It") -> str:
    """Return the sentence for a text with too many characters."""
    return f"{subject} may have at most {longest:,} characters; it has {count:,}."


def clean(text: str, *, at: str, what: str = "name", longest: int | None = None) -> str:
    """Return the name as it is stored; raise Invalid for an invisible character.

    `longest` is held against the stored form, which may be longer than what was sent.
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
    """Tell whether a character of a name would not be seen, or move others."""
    if unicodedata.category(character) in _HIDDEN_CATEGORIES:
        return True
    return any(first <= ord(character) <= last for first, last in _UNSEEN)
