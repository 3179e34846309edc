"""The providers of the settings, and which of them an address belongs to."""

from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from nsadmin.access.providers.definition import (
    DomainRule,
    OidcProvider,
    Provider,
)
from nsadmin.access.providers.reading import UnreadableProviders, read


def providers() -> tuple[Provider, ...]:
    """Return all providers, in the order of the setting.

    Raises ImproperlyConfigured for a setting that is not valid, with which the checks
    refuse to start.
    """
    try:
        return loaded()
    except UnreadableProviders as error:
        raise ImproperlyConfigured(str(error)) from None


def loaded() -> tuple[Provider, ...]:
    """Return all providers; raise UnreadableProviders with each fault.

    Files are read once in a process, when it starts: the checks call this.
    """
    return _read(settings.NSADMIN_SSO, settings.NSADMIN_INSECURE_HTTP)


@lru_cache(maxsize=8)
def _read(setting: str, insecure: bool) -> tuple[Provider, ...]:  # noqa: FBT001
    return read(setting, insecure=insecure)


def find(provider_id: str) -> Provider | None:
    """Return the provider of an id, or None."""
    return next((each for each in providers() if each.id == provider_id), None)


def domain_of(address: str) -> str:
    """Return the domain of an e-mail address in small letters; "" without one."""
    return address.strip().lower().rpartition("@")[2] if "@" in address else ""


def for_address(address: str) -> tuple[Provider, DomainRule] | None:
    """Return the provider that the domain of an address is bound to, and the rule."""
    domain = domain_of(address)
    for each in providers():
        rule = each.rule_for(domain)
        if rule is not None:
            return each, rule
    return None


def required_for(address: str) -> Provider | None:
    """Return the provider through which an address has to sign in; None without."""
    found = for_address(address)
    return found[0] if found is not None and found[1].required else None


def refusal_of(address: str) -> str | None:
    """Return the sentence that refuses an address another way than its provider.

    It is None where no provider is required. It is the same for every address of the
    domain, so it tells of no account.
    """
    provider = required_for(address)
    if provider is None:
        return None
    domain = domain_of(address)
    return f"Addresses of {domain} sign in with {provider.name}, not in this way."


def secrets() -> tuple[str, ...]:
    """Return the secrets of all clients, for what removes secrets from texts."""
    try:
        found = providers()
    except ImproperlyConfigured:
        return ()
    return tuple(each.secret for each in found if isinstance(each, OidcProvider))
