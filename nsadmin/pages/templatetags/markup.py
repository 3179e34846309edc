"""The parts that a page has by the dozen, written without a template of their own.

A template of a row's part costs several times what the part's text does.
"""

from functools import lru_cache

from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from nsadmin.pages.common.badges import Badge

_NOTHING = SafeString("")


@lru_cache(maxsize=512, typed=True)  # a page has a hundred of a few
def icon(name: str, more: str = "") -> SafeString:
    """Draw an icon of the sprite."""
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        f"i {more}".strip(),
        static("img/icons.svg"),
        name,
    )


@lru_cache(maxsize=512)
def state(badge: Badge, word: str = "", *, big: bool = False) -> SafeString:
    """Write a state with its icon; `word` stands in the place of the badge's own."""
    css = " ".join(["i-lg"] * big + ["turn"] * badge.turns)
    return format_html(
        '<span class="st s-{}{}">{} {}</span>',
        badge.role,
        " big" if big else "",
        icon(badge.icon, css),
        word or badge.word,
    )


def named(
    href: str, namespace_id: SafeString, name: str, text: str, element_id: str = ""
) -> SafeString:
    """Write a namespace of a row with its id below its name; linked with an address.

    `namespace_id` is as it breaks, `text` what stands for the name.
    """
    below = (
        format_html('<div class="sub"><code>{}</code></div>', namespace_id)
        if name
        else _NOTHING
    )
    if not href and not name:
        return format_html("<code>{}</code>", namespace_id)
    if not href:
        drawn = '<span class="strong clip" dir="auto" title="{0}">{0}</span>{1}'
        return format_html(drawn, name, below)
    return format_html(
        '<a class="strong clip"{} dir="auto" href="{}" title="{}">{}</a>{}',
        format_html(' id="{}"', element_id) if element_id else _NOTHING,
        *(href, text, text, below),
    )


def owner(href: str, name: str, ask_href: str) -> SafeString:
    """Write the organization of a row, and where to ask for access with an address."""
    if not href:
        return SafeString('<span class="text-secondary">unknown</span>')
    asks = (
        format_html(
            '<div class="sub"><a class="nowrap" href="{}">Ask for access'
            '<span class="visually-hidden"> to {}</span></a></div>',
            *(ask_href, name),
        )
        if ask_href
        else _NOTHING
    )
    return format_html('<a href="{}">{}</a>{}', href, name, asks)


def tab(
    label: str, href: str, count: int | None, *, is_current: bool, calls: bool = False
) -> SafeString:
    """Write a tab that leads to a page; a count that `calls` is amber."""
    return format_html(
        '<li><a href="{}"{}>{}{}</a></li>',
        href,
        SafeString(' aria-current="page"') if is_current else "",
        label,
        _NOTHING
        if count is None
        else format_html(
            ' <span class="count{}">{}</span>', " s-warn" if calls else "", count
        ),
    )


def shut_tab(label: str, reason: str) -> SafeString:
    """Write a tab that the reader may not open, and why."""
    return format_html(
        '<li><span class="shut" title="{0}">{1}{2}<span class="visually-hidden">, '
        "not available: {0}</span></span></li>",
        reason,
        icon("lock"),
        label,
    )


def facet(
    href: str,
    text: str,
    badge: Badge | None,
    count: str | None = None,
    *,
    is_current: bool,
    removes: bool = False,
) -> SafeString:
    """Write a filter of the rail; one that `removes` takes the filter away."""
    return format_html(
        '<li><a href="{}"{}>{}<span>{}</span>{}{}</a></li>',
        href,
        SafeString(' aria-current="true"') if is_current else "",
        _NOTHING
        if badge is None
        else format_html('<span class="s-{}">{}</span> ', badge.role, icon(badge.icon)),
        text,
        _NOTHING
        if count is None
        else format_html(' <span class="num">{}</span>', count),
        SafeString(' <span class="visually-hidden">, remove this filter</span>')
        if removes
        else "",
    )


def column(
    label: str, href: str, css: str, *, is_current: bool, falling: bool
) -> SafeString:
    """Write the head of a column that sorts."""
    order = "descending" if falling else "ascending"
    return format_html(
        '<th class="{}" scope="col"{}><a href="{}">{}{}</a></th>',
        css,
        SafeString(f' aria-sort="{order}"') if is_current else "",
        href,
        label,
        format_html(" {}", icon("arrow-down" if falling else "arrow-up"))
        if is_current
        else _NOTHING,
    )


def beside_page(label: str, href: str | None, *, is_next: bool) -> SafeString:
    """Write a link to the page before or after this one; without an address shut."""
    drawn = icon("chevron-right" if is_next else "chevron-left")
    inside = format_html("{}{}", *((label, drawn) if is_next else (drawn, label)))
    if href is None:
        shut = '<span class="btn btn-sm disabled" aria-disabled="true">{}</span>'
        return format_html(shut, inside)
    return format_html(
        '<a class="btn btn-sm" href="{}" rel="{}">{}</a>',
        href,
        "next" if is_next else "prev",
        inside,
    )
