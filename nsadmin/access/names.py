"""The rule for what people call things: nothing in a name may hide or turn its text."""

import unicodedata

from nsadmin.errors import Invalid

LONGEST = 100
# Control, format (bidirectional marks among them), surrogate, private and unassigned
# characters; separators of lines and paragraphs.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def hidden_character(text: str) -> str:
    """Name the first control or invisible character, as `U+202E`; empty if none."""
    found = (c for c in text if unicodedata.category(c) in _HIDDEN)
    return next((f"U+{ord(c):04X}" for c in found), "")


def clean(text: str, *, at: str = "name", longest: int = LONGEST) -> str:
    """Return a name in its stored form (NFC, trimmed), or raise Invalid at `at`."""
    cleaned = unicodedata.normalize("NFC", text).strip()
    sentence = ""
    if hidden := hidden_character(cleaned):
        sentence = f"It contains {hidden}, which is a control or invisible character."
    elif len(cleaned) > longest:
        sentence = f"It may have at most {longest} characters; it has {len(cleaned)}."
    if sentence:
        raise Invalid(sentence, faults={at: [sentence]})
    return cleaned
