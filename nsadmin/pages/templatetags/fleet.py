"""The rows of the fleet page, of which it has hundreds."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from nsadmin.health.fleet import Attention
from nsadmin.pages.common.badges import Badge
from nsadmin.pages.templatetags.formatting import clock
from nsadmin.pages.templatetags.ui import owner, state, subject

register = template.Library()

_LONGEST = 200
_ROW = (
    '<tr><th scope="row">{}<div class="narrow">{}</div></th><td>{}'
    '<div class="sub wrap">{}{}</div></td><td class="wide">{}</td></tr>'
)


@register.simple_tag
def attention_row(item: Attention, badge: Badge) -> SafeString:
    """Write a namespace with its worst trouble, without a template of its own."""
    page = "drift" if item.trouble == "drift" else "overview"
    whose = owner(item.subject)
    return format_html(
        _ROW,
        subject(item.subject, page, f"fleet-{item.subject.namespace_id}"),
        whose,
        state(badge),
        format_html("since {}. ", clock(item.since)) if item.since else "",
        _clipped(item.sentence),
        whose,
    )


def _clipped(sentence: str) -> str:
    # Truncator walks over each character.
    if len(sentence) <= _LONGEST:
        return sentence
    clipped: str = Truncator(sentence).chars(_LONGEST)
    return clipped
