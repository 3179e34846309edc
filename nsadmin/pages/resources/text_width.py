"""Texts cut to a width in pixels, for SVG, which neither wraps nor cuts them. Pure."""

import unicodedata

from nsadmin.names import clip

_NARROW = frozenset("iljtfrI.,:;'|!()[] ")
_BROAD = frozenset("mwMW@%—")


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
    """Return a foreign text as it fits a width, cut with an ellipsis."""
    shown = clip(" ".join(text[:200].split()), 200)
    most = width / size
    if is_mono:
        longest = int(most / 0.61)
        return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"
    if width_of(shown, size) <= width:
        return shown
    used = 0.9  # the ellipsis
    for number, character in enumerate(shown):
        used += _share(character)
        if used > most:
            return f"{shown[:number].rstrip()}…"
    return shown
