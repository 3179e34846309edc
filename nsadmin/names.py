"""The rules for the characters of all names. Pure.

Two names that are entered here must not differ in what a reader cannot see. So a name
is in NFC and trimmed, and every run of blanks of any kind, such as no-break and
ideographic spaces, becomes one space. Invisible characters are refused: control and
format characters (including direction marks) and default-ignorable characters. Joiners
(U+200C, U+200D) are format characters, so Persian and Hindi names and combined emoji
are written without them. Longer texts, such as descriptions, may contain joiners.

Names that other programs have stored stay as they are. Letters that look alike, such as
wide and plain ones, are different letters.
"""

import math
import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from itertools import chain
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

# Every character of Unicode's category of spaces, one or several in a row.
_SPACES = re.compile("[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")

# Behind every text that begins with the text before it.
LAST_CHARACTER = "\U0010ffff"
# The longest text within a JSON value.
_MAX_TEXT = 4000

# What a search looks through has this before the beginnings of words, so that one or
# two letters can be looked up like three.
_START = "\x1f"
_SHORTEST = 3
_MAX_SEARCHED = 4000
_BLANK = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# Joiners, direction marks and what else nobody can see or type.
_SKIPPED = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e01ef]"
)
# Where a word begins; a sign is a word, and so is each letter of a script that writes
# its words without spaces: Thai, Lao, Burmese, Khmer, Chinese, Japanese, Korean.
_WORD = (
    "[\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff"
    r"\U00020000-\U0003ffff]|[^\W_]+|[^\w\s]|_"
)
# The first two characters of each word, or one and what follows it.
_PAIR = re.compile(f"(?s)(?=(..?))(?:{_WORD})")


def composed(text: str) -> str:
    """Return the text in NFC, the form of stored texts; search texts need it too."""
    return unicodedata.normalize("NFC", text)


def trimmed(text: str) -> str:
    """Return the text in NFC, without blanks around it."""
    return composed(text).strip()


def folded(text: str) -> str:
    """Return a text as searches compare it: without case and what is not visible.

    Databases fold the case of some letters only, and each of other ones. Control
    characters become spaces.
    """
    plain = text if text.isascii() else _SKIPPED.sub("", composed(text))
    return _BLANK.sub(" ", plain.casefold())


def look_of(text: str) -> str:
    """Return a text that is the same for texts that look alike.

    It has no case, one space for each blank, and plain letters for wide ones.
    """
    return " ".join(folded(unicodedata.normalize("NFKC", text)).split())


def search_text(*texts: str) -> str:
    """Return texts as a search looks through them, to be asked for `fragment`s.

    One text is a line; the last line has the beginnings of all words, since an index of
    three letters knows nothing of shorter words. What is too long is cut.
    """
    return with_starts(search_lines(*texts))


def search_lines(*texts: str) -> str:
    """Return the `search_text` without its last line."""
    cut = [text[:_MAX_SEARCHED] for text in texts]
    whole = "".join(cut)
    if whole.isascii() and whole.isprintable():  # as nearly all are
        return "\n".join(cut)[:_MAX_SEARCHED].casefold()
    return "\n".join(map(folded, cut))[:_MAX_SEARCHED]


def with_starts(lines: str) -> str:
    """Return the `search_text` of its `search_lines`."""
    starts = set(chain.from_iterable(map(word_starts, set(_PAIR.findall(lines)))))
    return f"{lines}\n{''.join(sorted(starts))}"


def lines_of(searched: str) -> str:
    """Return the `search_lines` of a `search_text`."""
    return searched.rpartition("\n")[0]


@lru_cache(maxsize=10_000)
def word_starts(pair: str) -> tuple[str, ...]:
    """Return the marked beginnings of a word of which these are two letters, or one."""
    one = f"{_START}{_START}{pair[:1]}"
    return (one, f"{_START}{pair}") if len(pair.rstrip()) == _SHORTEST - 1 else (one,)


def fragment(word: str) -> str:
    """Return what a `search_text` contains if it has this folded word.

    Three letters and more may stand anywhere, fewer at the beginning of a word.
    """
    return word if len(word) >= _SHORTEST else word_starts(word)[-1]


def too_long(longest: int, count: int, subject: str = "It") -> str:
    """Return the message for a text with too many characters."""
    return f"{subject} may have at most {longest:,} characters; it has {count:,}."


def clip(text: str, longest: int) -> str:
    """Return a foreign text as every database can store it, cut to `longest`.

    PostgreSQL refuses NUL, and no encoding has lone surrogates; both become U+FFFD. A
    cut text ends in an ellipsis.
    """
    if len(text) <= longest and text.isascii() and "\0" not in text:
        return text
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

    It is in NFC and trimmed, with one space for each run of blanks. `longest` limits
    this form, which may be longer than the text sent.
    """
    cleaned = _SPACES.sub(" ", trimmed(text))
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
