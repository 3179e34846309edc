"""What pages show of single sign-on."""

from django import template

from nsadmin.access.models import User
from nsadmin.access.providers import configured
from nsadmin.access.providers.definition import Provider
from nsadmin.access.sso import confirming

register = template.Library()


@register.simple_tag
def sign_in_providers(typed: str | None = "") -> list[Provider]:
    """Return the providers with a button at sign-in, and that of a typed address."""
    found = configured.for_address(typed or "")
    return [
        each
        for each in configured.providers()
        if each.public or (found is not None and found[0] is each)
    ]


@register.simple_tag
def has_single_sign_on() -> bool:
    """Return whether any provider is configured."""
    return bool(configured.providers())


@register.simple_tag
def required_provider(user: User) -> Provider | None:
    """Return the provider through which a person has to sign in; None without.

    People of the platform may use their password as well.
    """
    return None if user.platform_role else configured.required_for(user.email)


@register.simple_tag
def confirming_providers(user: User) -> list[Provider]:
    """Return the providers at which a person can confirm who they are."""
    return confirming.providers_of(user)
