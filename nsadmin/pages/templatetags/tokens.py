"""What every form carries: the token against forgery, and its organization.

A builtin of the templates, in place of Django's own `csrf_token`.
"""

from django import template
from django.template.context import Context
from django.template.defaulttags import CsrfTokenNode
from django.utils.html import format_html
from django.utils.safestring import SafeString

from nsadmin.access.web.form_organization import FIELD

register = template.Library()


class FormTokens(CsrfTokenNode):
    """The hidden fields of a form."""

    def render(self, context: Context) -> SafeString:
        """Write the token, and the organization that is shown, if there is one."""
        token = SafeString(super().render(context))
        frame = context.get("frame")
        shown = frame.organization if frame else None
        if shown is None:
            return token
        field = '{}<input type="hidden" name="{}" value="{}">'
        return format_html(field, token, FIELD, shown.organization_id)


@register.tag("csrf_token")
def form_tokens(
    _parser: template.base.Parser, _token: template.base.Token
) -> FormTokens:
    """Write the hidden fields that each form carries."""
    return FormTokens()
