"""Tags for the smallest parts: icons, bars, tabs, links that keep the query."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import urlencode

from django import template
from django.http import HttpRequest
from django.template.context import Context
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from nsadmin.access.permissions import Action
from nsadmin.health.sight import Owner, Subject
from nsadmin.namespaces.read.rows import VectorRow
from nsadmin.pages.common import badges
from nsadmin.pages.common.badges import Badge
from nsadmin.pages.common.page_context import why_not
from nsadmin.pages.templatetags import markup
from nsadmin.pages.templatetags.formatting import breaks, grouped

register = template.Library()

# What leads to a page of a list; a list that changes begins with its first page.
_FIRST = {"offset": "", "before": "", "after": ""}


class MarkedPiece(Protocol):
    """A part of a text; `is_match` if somebody searched for it."""

    @property
    def text(self) -> str: ...
    @property
    def is_match(self) -> bool: ...


class CountedFacet(Protocol):
    """A filter with its number of rows; a second click removes it."""

    @property
    def key(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def count(self) -> int: ...
    @property
    def is_least(self) -> bool: ...
    @property
    def is_current(self) -> bool: ...
    @property
    def state(self) -> Badge | None: ...


@register.simple_tag
def icon(name: str, more: str = "") -> SafeString:
    """Draw an icon of the sprite; a word or an `aria-label` always stands beside it."""
    return markup.icon(name, more)


@register.simple_tag
def state(badge: Badge, word: str = "", *, big: bool = False) -> SafeString:
    """Write a state with its icon; `word` stands in the place of the badge's own."""
    return markup.state(badge, word, big=big)


@register.simple_tag
@lru_cache
def constant(template_name: str) -> SafeString:
    """Render a template that says the same on every page, once for the process."""
    return render_to_string(template_name)


@register.simple_tag
def marked(pieces: Iterable[MarkedPiece]) -> SafeString:
    """Write a text in pieces, those that were searched for in bold."""
    texts = (
        format_html('<b class="found">{}</b>', piece.text)
        if piece.is_match
        else piece.text
        for piece in pieces
    )
    return format_html_join("", "{}", ((text,) for text in texts))


@register.simple_tag
def badge_icon(badge: Badge, size: str = "") -> SafeString:
    """Draw the icon of a badge, turning where it turns."""
    drawn: SafeString = icon(badge.icon, f"{size} turn" if badge.turns else size)
    return drawn


@register.filter
def vector_badge(row: VectorRow, is_stale: bool) -> Badge:  # noqa: FBT001
    """Return the state of a vector; `is_stale` while Qdrant does not answer."""
    return badges.vector_badge(row, is_stale=is_stale)


@register.filter
def coverage_badge(having: tuple[int, int]) -> Badge:
    """Return on how many of the points vectors are."""
    return badges.coverage_badge(having)


@register.simple_tag
def bar(percent: float | None, more: str = "") -> SafeString:
    """Draw a share as a bar; nothing is drawn for what is unknown."""
    if percent is None:
        return SafeString("")
    return format_html(
        '<svg class="{}" viewBox="0 0 100 6" preserveAspectRatio="none" '
        'aria-hidden="true"><rect width="{}" height="6"/></svg>',
        f"bar {more}".strip(),
        f"{percent:.1f}".removesuffix(".0"),
    )


@register.simple_tag(takes_context=True)
def tab(
    context: Context,
    name: str,
    label: str,
    *args: Any,
    count: int | None = None,
    needs: str = "",
    calls: bool = False,
) -> SafeString:
    """Write a tab; it is current on its own page unless the view says otherwise.

    A count that `calls` for attention is amber. One whose action the actor `needs` and
    may not do here stays, without a link.
    """
    reason = shut(context, needs) if needs else ""
    if reason:
        return markup.shut_tab(label, reason)
    request: HttpRequest | None = context.get("request")
    match = request.resolver_match if request is not None else None
    current = context.get("tab", match.url_name if match else "")
    href = reverse(name, args=args)
    return markup.tab(label, href, count, is_current=current == name, calls=calls)


@register.simple_tag(takes_context=True)
def shut(context: Context, needs: str) -> str:
    """Say why the actor may not do this to the page's namespace; empty if they may."""
    actor = getattr(context.get("request"), "actor", None)
    view = context.get("view")
    if actor is None or view is None:
        return ""
    return why_not(actor, Action(needs), view)


@register.simple_tag(takes_context=True)
def person(context: Context, label: str) -> SafeString | str:
    """Return a person's name with the address as its title, or else the label."""
    frame = context.get("frame")
    name = frame.names.get(label) if frame is not None else None
    return format_html('<span title="{}">{}</span>', label, name) if name else label


def _address(context: Context, **changes: str) -> str:
    """Return the page's address with some values changed; empty ones go."""
    request: HttpRequest = context["request"]
    kept = [
        (key, value)
        for key, values in request.GET.lists()
        if key not in changes
        for value in values
    ]
    written = urlencode([*kept, *((k, v) for k, v in changes.items() if v)])
    return f"{request.path}?{written}" if written else request.path


@register.simple_tag
def subject(seen: Subject, page: str = "overview", element_id: str = "") -> SafeString:
    """Write a namespace of the platform: its name where it is seen, else its id."""
    key = seen.namespace_id
    has_page = seen.is_seen and not seen.is_deleted and key
    href = reverse(page, args=[key]) if has_page else ""
    return markup.named(href, breaks(key), seen.name, seen.name or key, element_id)


@register.simple_tag
def owner(seen: Subject) -> SafeString:
    """Write the organization of a row, and where to ask for access."""
    return _owner(seen.owner, may_be_asked_for=seen.may_be_asked_for)


@lru_cache(maxsize=512)
def _owner(found: Owner, *, may_be_asked_for: bool) -> SafeString:
    key = found.organization_id
    href = reverse("platform_organization", args=[key]) if key else ""
    return markup.owner(
        href, found.name, support_request(key) if may_be_asked_for else ""
    )


@register.filter
def support_request(organization_id: str) -> str:
    """Return the address where staff ask for access to an organization."""
    return f"{reverse('support_new')}?{urlencode({'organization': organization_id})}"


@register.simple_tag(takes_context=True)
def query_with(context: Context, key: str, value: object) -> str:
    """Return this page's address with one value set; paging begins anew."""
    return _address(context, **{**_FIRST, key: str(value)})


@register.simple_tag(takes_context=True)
def query_without(context: Context, key: str) -> str:
    """Return this page's address without one value; paging begins anew."""
    return _address(context, **{**_FIRST, key: ""})


@register.simple_tag(takes_context=True)
def beside_page(
    context: Context, key: str, place: str | None, label: str
) -> SafeString:
    """Write the link to the page `before` or `after` a place; shut without one."""
    if place is None:
        return markup.beside_page(label, None, is_next=key == "after")
    href = _address(context, **{"before": "", "after": "", key: place})
    return markup.beside_page(label, href, is_next=key == "after")


@register.simple_tag
def plan_form(target: str, *args: Any) -> SafeString:
    """Write the attributes of a form whose answer replaces the page's change.

    `target` is the name of a URL that takes `args`, or an address.
    """
    address = target if target.startswith("/") else reverse(target, args=args)
    return format_html(
        'method="post" action="{0}" hx-post="{0}" hx-target="#change" '
        'hx-swap="outerHTML show:window:top" '
        'hx-disabled-elt="find button[type=submit]"',
        address,
    )


@register.simple_tag(takes_context=True)
def facet_link(
    context: Context,
    key: str,
    value: str,
    text: str,
    *,
    current: str = "",
    state: Badge | None = None,
) -> SafeString:
    """Write a filter of the rail; the one without a value shows all."""
    href = _address(context, **{**_FIRST, key: value})
    return markup.facet(href, text, state, is_current=value == current)


@register.simple_tag(takes_context=True)
def counted_facet(context: Context, facet: CountedFacet, text: str) -> SafeString:
    """Write a filter of the rail with its number of rows."""
    value = "" if facet.is_current else facet.value
    return markup.facet(
        _address(context, **{**_FIRST, facet.key: value}),
        text,
        facet.state,
        grouped(facet.count) + "+" * facet.is_least,
        is_current=facet.is_current,
        removes=facet.is_current,
    )


@register.simple_tag(takes_context=True)
def column(context: Context, key: str, label: str, css: str = "") -> SafeString:
    """Write the head of a column that sorts; a second click turns the order round."""
    is_current = context["query"].sort == key
    falling = bool(context["falling"])
    order = ("asc" if falling else "desc") if is_current else ""
    href = _address(context, **_FIRST, sort=key, order=order)
    return markup.column(label, href, css, is_current=is_current, falling=falling)
