"""Cells of the list of namespaces, which a page has by the hundred."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from nsadmin.pages.common.badges import UNKNOWN, Badge
from nsadmin.pages.templatetags import markup
from nsadmin.pages.templatetags.formatting import grouped

register = template.Library()

_CSS = {
    "health": "",
    "tier": "wide",
    "documents": "num wide",
    "indexes": "num roomy",
    "extractors": "roomy",
    "created": "roomy",
    "expires": "roomy",
    "updated": "wide",
}
_NOTHING = SafeString("")


@register.filter
def column_css(column: str) -> str:
    """Return the classes of a column: where it hides, and whether it has numbers."""
    return _CSS.get(column, "wide")


@register.simple_tag
def health_cell(
    badge: Badge, under: str, title: str, part: str, *, beside: bool = False
) -> SafeString:
    """Write a state with what is said under it; `part` names it for later changes."""
    below = (
        format_html('<div class="sub clip" title="{}">{}</div>', title, under)
        if under
        else _NOTHING
    )
    return _part("h", part, format_html("{}{}", markup.state(badge), below), beside)


@register.simple_tag
def documents_cell(
    badge: Badge, count: int | None, part: str, *, beside: bool = False
) -> SafeString:
    """Write a number of documents; one of an unknown state is the last known."""
    stale = (
        SafeString('<div class="sub">last known</div>')
        if badge is UNKNOWN and count is not None
        else _NOTHING
    )
    return _part("d", part, format_html("{}{}", grouped(count), stale), beside)


def _part(
    kind: str,
    part: str,
    inside: SafeString,
    beside: bool,  # noqa: FBT001
) -> SafeString:
    if not part:
        return inside
    swap = SafeString(' hx-swap-oob="true"') if beside else _NOTHING
    return format_html('<div id="{}-{}"{}>{}</div>', kind, part, swap, inside)
