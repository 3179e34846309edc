"""The letters of SQLite's index: texts in pieces of three, kinds and owners as letters.

Pure.
"""

from collections.abc import Iterable, Sequence

# Private characters, which no keyboard has. Somebody's text may have them all the same,
# so that every row found is compared with what was asked for.
KIND_BASE = 0xF0000
OWNER_BASE = 0xF0100
OWNER_STEP = 50_000
# More pieces of one word make the index no more exact than the comparison after it.
_MAX_PIECES = 12


def kind_tag(kind: int) -> str:
    """Return the piece that every entry of a kind has."""
    return chr(KIND_BASE + kind) * 3


def owner_tag(kind: int, owner: int) -> str:
    """Return the piece that every entry of a kind and owner has."""
    high, low = divmod(owner, OWNER_STEP)
    return chr(KIND_BASE + kind) + chr(OWNER_BASE + high) + chr(OWNER_BASE + low)


def pieces(fragment: str) -> list[str]:
    """Return pieces of three of a fragment, spread over a long one."""
    every = [fragment[at : at + 3] for at in range(len(fragment) - 2)]
    step = -(-len(every) // _MAX_PIECES)
    return list(dict.fromkeys(every[:: max(1, step)]))


def match(tags: Iterable[str], fragments: Sequence[str]) -> str:
    """Return the FTS5 query for one of the tags and all of the fragments.

    Without tags it is what comes after them.
    """
    wanted = [piece for fragment in fragments for piece in pieces(fragment)]
    either = " OR ".join(_quoted(tag) for tag in tags)
    first = f"({either})" if either else ""
    return " AND ".join([first, *(_quoted(p) for p in dict.fromkeys(wanted))])


def _quoted(piece: str) -> str:
    return '"' + piece.replace('"', '""') + '"'
