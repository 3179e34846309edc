"""Cells of the list of namespaces, which a page has by the hundred."""

from collections.abc import Callable, Mapping
from typing import Protocol

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.pages.common.badges import UNKNOWN, Badge
from nsadmin.pages.templatetags import markup
from nsadmin.pages.templatetags.formatting import ago, exact, extractors, grouped

register = template.Library()

_MOST_EXTRACTORS = 3
_NOTHING = SafeString("")
# Where a column hides, and whether it has numbers.
_CSS = {
    "health": "",
    "tier": "wide",
    "documents": "num wide",
    "indexes": "num roomy",
    "extractors": "roomy",
    "created": "roomy nowrap",
    "expires": "roomy nowrap",
    "updated": "wide",
}


class ShownRow(Protocol):
    """A row of the list: what stands below its state, and the name of its cells."""

    @property
    def row(self) -> MirroredNamespace: ...
    @property
    def state(self) -> Badge: ...
    @property
    def tier(self) -> str: ...
    @property
    def under(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def documents(self) -> int | None: ...
    @property
    def out_of(self) -> int | None: ...
    @property
    def part(self) -> str: ...


@register.filter
def column_css(column: str) -> str:
    """Return the classes of a column's head."""
    return _CSS.get(column, "wide").replace(" nowrap", "")


@register.simple_tag
def list_cell(column: str, shown: ShownRow) -> SafeString:
    """Write the cell of a column."""
    css = _CSS.get(column, "wide")
    if column == "documents" and shown.state is UNKNOWN and shown.documents is not None:
        css = f"{css} stale"  # the style sheet says that it is the last one known
    moment = getattr(shown.row, _TIMES[column]) if column in _TIMES else None
    return format_html(
        "<td{}{}>{}</td>",
        format_html(' class="{}"', css) if css else _NOTHING,
        format_html(' title="{}"', exact(moment)) if moment else _NOTHING,
        _INSIDE[column](shown),
    )


@register.simple_tag
def health_cell(shown: ShownRow, part: str = "") -> SafeString:
    """Write a state with what is said under it; with a `part` to replace that one."""
    below = (
        format_html(
            '<div class="sub"{}>{}</div>',
            format_html(' title="{}"', shown.title) if shown.title else _NOTHING,
            shown.under,
        )
        if shown.under
        else _NOTHING
    )
    inside = format_html("{}{}", markup.state(shown.state), below)
    return _part("h", part or shown.part, inside, beside=bool(part))


@register.simple_tag
def documents_cell(shown: ShownRow, part: str = "") -> SafeString:
    """Write a number of documents, of a clone so far."""
    below = _NOTHING
    if shown.out_of is not None:
        below = format_html('<div class="sub">of {}</div>', grouped(shown.out_of))
    inside = format_html("{}{}", grouped(shown.documents), below)
    return _part("d", part or shown.part, inside, beside=bool(part))


@register.simple_tag
def gone_cell(badge: Badge, part: str) -> SafeString:
    """Write the state of a namespace that is no longer there, in its old place."""
    return _part("h", part, markup.state(badge), beside=True)


def _part(kind: str, part: str, inside: SafeString, *, beside: bool) -> SafeString:
    if not part:
        return inside
    swap = SafeString(' hx-swap-oob="true"') if beside else _NOTHING
    return format_html('<div id="{}-{}"{}>{}</div>', kind, part, swap, inside)


def _extractors(shown: ShownRow) -> SafeString | str:
    ids = shown.row.extractor_ids
    if not ids:
        return SafeString('<span class="text-secondary">none</span>')
    named, more = extractors(ids[:_MOST_EXTRACTORS]), len(ids) - _MOST_EXTRACTORS
    if more <= 0:
        return named
    return format_html('{} <span class="sub">and {} more</span>', named, more)


_INSIDE: Mapping[str, Callable[[ShownRow], SafeString | str]] = {
    "health": health_cell,
    "tier": lambda one: one.tier,
    "documents": documents_cell,
    "indexes": lambda one: grouped(one.row.index_count),
    "extractors": _extractors,
    "created": lambda one: ago(one.row.created_at),
    "expires": lambda one: ago(one.row.expires_at) if one.row.expires_at else "never",
    "updated": lambda one: ago(one.row.updated_at),
}
_TIMES = {
    "created": "created_at",
    "expires": "expires_at",
    "updated": "updated_at",
}
