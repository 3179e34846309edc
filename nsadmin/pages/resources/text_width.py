"""Texts cut to a width in pixels, for SVG, which neither wraps nor cuts them. Pure."""

import re
import unicodedata

from nsadmin.names import clip

_NARROW = frozenset("iljtfrI.,:;'|!()[] ")
_BROAD = frozenset("mwMW@%—")
_ELLIPSIS = 0.9
# As much as ends after a blank or a sign between words.
_BREAK = re.compile(r".*[\s/_.:-]", re.DOTALL)


def width_of(text: str, size: float) -> float:
    """Return about how wide a text is in pixels at a size of the sans-serif type."""
    return sum(map(_share, text)) * size


def _share(character: str) -> float:
    """Return the width of a character as a share of the type's size."""
    if unicodedata.combining(character):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.05
    if character in _NARROW:
        return 0.31
    if character in _BROAD:
        return 0.88
    return 0.68 if character.isupper() else 0.57


def fitted(text: str, width: int, size: float, *, is_mono: bool = False) -> str:
    """Return a foreign text as it fits a width, cut at its end with an ellipsis."""
    shown = clip(" ".join(text[:200].split()), 200)
    most = width / size
    if is_mono:
        longest = int(most / 0.61)
        return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"
    if width_of(shown, size) <= width:
        return shown
    used = _ELLIPSIS
    for number, character in enumerate(shown):
        used += _share(character)
        if used > most:
            return f"{shown[:number].rstrip()}…"
    return shown


def in_lines(text: str, width: int, size: float) -> tuple[str, str]:
    """Return a foreign name in two lines that fit a width, the second "" if one does.

    A name that is longer is cut in its middle, since names that begin alike differ at
    their ends. The first line ends after a word where there is one.
    """
    shown = clip(" ".join(text[:200].split()), 200)
    if width_of(shown, size) <= width:
        return shown, ""
    head = _longest(shown, width, size)
    rest = shown[len(head) :]
    if width_of(rest, size) <= width:
        whole = _BREAK.match(head)
        broken = whole[0] if whole is not None else head
        if width_of(shown[len(broken) :], size) > width:
            broken = head
        return broken.rstrip(), shown[len(broken) :].lstrip()
    tail = _longest(rest[::-1], width - round(_ELLIPSIS * size), size)[::-1]
    return head.rstrip(), f"…{tail.lstrip()}"


def _longest(text: str, width: int, size: float) -> str:
    """Return as much of the beginning of a text as fits a width."""
    used = 0.0
    for number, character in enumerate(text):
        used += _share(character) * size
        if used > width:
            return text[:number]
    return text
