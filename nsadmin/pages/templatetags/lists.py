"""Cells of the list of namespaces, which a page has by the hundred."""

from collections.abc import Callable, Mapping
from datetime import datetime
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
    "tier": "wide nowrap",
    "documents": "num wide",
    "indexes": "num roomy",
    "extractors": "roomy",
    "created": "roomy nowrap",
    "expires": "roomy nowrap",
    "updated": "wide nowrap",
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
    def part(self) -> str: ...


@register.filter
def column_css(column: str) -> str:
    """Return the classes of a column's head."""
    return _CSS.get(column, "wide").replace(" nowrap", "")


@register.simple_tag
def list_cell(column: str, shown: ShownRow) -> SafeString:
    """Write the cell of a column."""
    css = _CSS.get(column, "wide")
    if column == "documents" and shown.state is UNKNOWN:
        css = f"{css} stale"
    inside = _INSIDE[column](shown)
    if not css:
        return format_html("<td>{}</td>", inside)
    return format_html('<td class="{}">{}</td>', css, inside)


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
    inside = format_html("{}{}", markup.state(badge), below)
    return _part(f"h-{part}" if part else "", inside, beside=beside)


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
    inside = format_html("{}{}", grouped(count), stale)
    return _part(f"d-{part}" if part else "", inside, beside=beside)


def _part(element_id: str, inside: SafeString, *, beside: bool) -> SafeString:
    if not element_id:
        return inside
    swap = SafeString(' hx-swap-oob="true"') if beside else _NOTHING
    return format_html('<div id="{}"{}>{}</div>', element_id, swap, inside)


def _time(moment: datetime | None, otherwise: str = "unknown") -> SafeString | str:
    if moment is None:
        return otherwise
    return format_html('<span title="{}">{}</span>', exact(moment), ago(moment))


def _extractors(shown: ShownRow) -> SafeString | str:
    ids = shown.row.extractor_ids
    if not ids:
        return SafeString('<span class="text-secondary">none</span>')
    named, more = extractors(ids[:_MOST_EXTRACTORS]), len(ids) - _MOST_EXTRACTORS
    if more <= 0:
        return named
    return format_html('{} <span class="sub">and {} more</span>', named, more)


_INSIDE: Mapping[str, Callable[[ShownRow], SafeString | str]] = {
    "health": lambda one: health_cell(one.state, one.under, one.title, one.part),
    "tier": lambda one: one.tier,
    "documents": lambda one: documents_cell(
        one.state, one.row.document_count, one.part
    ),
    "indexes": lambda one: grouped(one.row.index_count),
    "extractors": _extractors,
    "created": lambda one: _time(one.row.created_at),
    "expires": lambda one: _time(one.row.expires_at, "never"),
    "updated": lambda one: _time(one.row.updated_at),
}
