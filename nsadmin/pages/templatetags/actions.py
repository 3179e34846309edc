"""Buttons that are shut, with the reason, where they cannot work."""

from django import template
from django.template.context import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from nsadmin.pages.templatetags import markup

register = template.Library()


@register.simple_tag(takes_context=True)
def needs_qdrant(
    context: Context,
    name: str,
    label: str,
    silence: str,
    *,
    query: str = "",
    icon: str = "",
    more: str = "",
    **attributes: str,
) -> SafeString:
    """Write a button to a page of the namespace; shut while Qdrant is silent.

    `silence` is the reason, empty while Qdrant answers; `id` names the button.
    """
    css = f"btn btn-sm {more}".strip()
    element_id = attributes.get("id", "")
    if silence:
        return format_html(
            '<span class="{} disabled" id="{}" aria-disabled="true" title="{}">{}{}'
            '<span class="visually-hidden">. {}</span></span>',
            *(css, element_id, silence, markup.icon("lock"), label, silence),
        )
    address = reverse(name, args=[context["namespace"].namespace_id])
    return format_html(
        '<a class="{}" id="{}" href="{}">{}{}</a>',
        css,
        element_id,
        f"{address}?{query}" if query else address,
        markup.icon(icon) if icon else "",
        label,
    )
