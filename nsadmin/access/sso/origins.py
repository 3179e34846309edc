"""The origins to which a form of ours may lead, for the Content-Security-Policy.

Chromium applies `form-action` to the redirects after a form as well. So pages with a
button of a provider, and they alone, name the origins of exactly that provider.
"""

from collections.abc import Iterable
from importlib.util import find_spec

from csp.constants import SELF
from django.http import HttpResponseBase

from nsadmin.access.providers.definition import (
    OidcProvider,
    Provider,
    SamlProvider,
    origin_of,
)
from nsadmin.access.sso.refusal import UntrustedAnswer


def permit(response: HttpResponseBase, providers: Iterable[Provider]) -> None:
    """Let the forms of a page lead to these providers."""
    found = {origin for each in providers for origin in origins_of(each)}
    if found:
        update = {"form-action": [SELF, *sorted(found)]}
        response._csp_replace = update  # type: ignore[attr-defined]  # noqa: SLF001


def origins_of(provider: Provider) -> set[str]:
    """Return the origins through which a sign-in at a provider is redirected."""
    if isinstance(provider, OidcProvider):
        own = origin_of(provider.server_url)
    else:
        own = _of_saml(provider)
    return {own, *provider.origins} - {""}


def _of_saml(provider: SamlProvider) -> str:
    """Return the origin of sign-in that the file names, else that of the metadata."""
    if provider.metadata is None or find_spec("onelogin") is None:
        return origin_of(provider.metadata_url)
    from nsadmin.access.sso import saml_metadata

    try:
        found = saml_metadata.of(provider)
    except UntrustedAnswer:  # the checks refuse to start with it
        return ""
    return origin_of(found["singleSignOnService"]["url"])
