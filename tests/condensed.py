"""The pages as a browser shows them: no white space that only the source has.

Tests compare the markup with text; where a template breaks its lines is not their
concern.
"""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

_KEPT = re.compile(r"(<(pre|textarea|script)\b.*?</\2>)", re.DOTALL)
_TAG = re.compile(r"<[a-zA-Z](?:[^<>\"']|\"[^\"]*\"|'[^']*')*>")
_SPACES = re.compile(r"[ \t\r\n]+")
_QUOTED = re.compile(r"(\"[^\"]*\"|'[^']*')")
_BLOCKS = (
    "html|head|body|meta|link|title|template|header|footer|main|nav|aside|section|div"
    "|p|h[1-6]|ul|ol|li|dl|dt|dd|table|caption|thead|tbody|tr|th|td|form|fieldset"
    "|legend|details|summary|option|select|svg|button|use|rect|line|polyline|polygon"
)
_AROUND_BLOCK = re.compile(
    rf"\s*(</?(?:{_BLOCKS})\b(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>)\s*"
)


def condensed(html: str) -> str:
    """Return the markup with one space where a browser shows one, else none."""
    parts = _KEPT.split(html)
    # Each kept element is followed by its name, which the pattern had to remember.
    return "".join(
        part if place % 3 == 1 else _condensed(part)
        for place, part in enumerate(parts)
        if place % 3 != 2
    )


def _condensed(markup: str) -> str:
    """Condense the text between the tags; the values of attributes stay."""
    parts: list[str] = []
    end = 0
    for tag in _TAG.finditer(markup):
        parts += [_SPACES.sub(" ", markup[end : tag.start()]), _one_line(tag.group())]
        end = tag.end()
    parts.append(_SPACES.sub(" ", markup[end:]))
    return _AROUND_BLOCK.sub(r"\1", "".join(parts))


def _one_line(tag: str) -> str:
    """Put one space between the attributes of a tag; their values stay."""
    parts = _QUOTED.split(tag)
    parts[::2] = [re.sub(r"\s+", " ", part) for part in parts[::2]]
    return re.sub(r"\s+(/?>)$", r"\1", "".join(parts))


class Middleware:
    """Condenses every page of a test's client."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        kind = response.headers.get("Content-Type", "")
        if kind.startswith("text/html") and not response.streaming:
            response.content = condensed(response.content.decode()).encode()
        return response
