"""What the sign-in page of a demo shows."""

from django import template

from nsadmin.access.signin import demo_logins

register = template.Library()


@register.simple_tag
def demo_people() -> demo_logins.Groups:
    """Return the demo's logins by organization; none outside of a demo."""
    return demo_logins.people_by_organization()
