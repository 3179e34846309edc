"""What somebody searches for, as words; and where they stand in a text. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from nsadmin import names

LONGEST = 200
_MOST_WORDS = 10
# A text is shown from this many characters before the first word that was found.
_BEFORE, _SHOWN = 40, 160


@dataclass(frozen=True, slots=True)
class Query:
    """A search: its text as it is shown, and the folded words that must all be found.

    `name_key` is the beginning of the names that are found first. `is_cut` if the text
    was longer, or had more words, than are searched for.
    """

    text: str
    words: tuple[str, ...]
    name_key: str = ""
    is_cut: bool = False

    @property
    def fragments(self) -> list[str]:
        """What the text of an entry contains if it is found."""
        return [names.fragment(word) for word in self.words]

    def is_in(self, *texts: str) -> bool:
        """Tell whether the texts have all the words, in any order."""
        folded = names.folded("\n".join(texts))
        return all(any(_found(folded, word)) for word in self.words)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text; `is_match` if somebody searched for it."""

    text: str
    is_match: bool = False


def read_query(text: str) -> Query:
    """Return the query of whatever somebody typed or put into an address."""
    plain = names.clip(text, 10 * LONGEST).replace("\ufffd", " ")
    shown = " ".join(plain.split())
    cut = shown[:LONGEST]
    every = names.folded(cut).split()
    words = tuple(dict.fromkeys(every))
    return Query(
        text=cut,
        words=words[:_MOST_WORDS],
        name_key=" ".join(every),
        is_cut=len(shown) > LONGEST or len(words) > _MOST_WORDS,
    )


def marked(text: str, query: Query) -> list[Piece]:
    """Return the text in pieces, those that were searched for marked."""
    places, folded = _unfolded(text)
    is_match = [False] * (len(text) + 1)
    for word in query.words:
        for after in _found(folded, word):
            first, last = places[after - 1], places[after + len(word) - 2]
            is_match[first : last + 1] = [True] * (last + 1 - first)
    if not any(is_match):
        return [Piece(text)] if text else []
    ends = [n for n in range(1, len(text)) if is_match[n] != is_match[n - 1]]
    return [Piece(text[a:b], is_match[a]) for a, b in pairwise([0, *ends, len(text)])]


def excerpt(text: str, query: Query) -> list[Piece]:
    """Return the part of a long text around the first word found, marked.

    Empty if no word is in it.
    """
    plain = " ".join(text.split())
    pieces = marked(plain, query)
    before = next((n for n, piece in enumerate(pieces) if piece.is_match), None)
    if before is None:
        return []
    first = max(0, sum(len(piece.text) for piece in pieces[:before]) - _BEFORE)
    cut = plain[first : first + _SHOWN]
    left = "…" if first else ""
    right = "…" if first + _SHOWN < len(plain) else ""
    return marked(f"{left}{cut}{right}", query)


def _unfolded(text: str) -> tuple[Sequence[int], str]:
    """Return the folded text, and for each of its letters where it comes from."""
    whole = names.folded(text)
    if text.isascii():
        return range(len(text)), whole
    places, folded = [], []
    for at, character in enumerate(text):
        letters = names.folded(character)
        places += [at] * len(letters)
        folded.append(letters)
    return places, "".join(folded)


def _found(folded: str, word: str) -> Iterator[int]:
    """Yield where a word stands, counted from 1; a short one only begins a word."""
    at = folded.find(word)
    while at >= 0:
        if len(word) > 2 or at == 0 or not folded[at - 1].isalnum():
            yield at + 1
        at = folded.find(word, at + 1)


def first_with(texts: Sequence[str], query: Query) -> str:
    """Return the first text that has one of the words; empty if none has."""
    return next((text for text in texts if excerpt(text, query)), "")
