"""The metadata of identity providers of SAML: whose keys sign, where sign-in is.

Metadata with an address is fetched again after an hour; while that fails, the last
known one counts for a week.
"""

import time
from hashlib import sha256
from typing import Any, Final

from django.core.cache import cache
from lxml import etree
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser

from nsadmin.access.providers.definition import SamlProvider, origin_of
from nsadmin.access.sso.refusal import UntrustedAnswer
from nsadmin.stores import identity_provider

_FRESH_S: Final = 3600
_KEPT_S: Final = 7 * 24 * 3600


def of(provider: SamlProvider) -> dict[str, Any]:
    """Return the provider as python3-saml knows it; raise UntrustedAnswer."""
    if provider.metadata is not None:
        return parsed(provider, provider.metadata.encode())
    place = f"{provider.metadata_url} {provider.entity_id}"
    key = f"sso:metadata:{sha256(place.encode()).hexdigest()}"
    known = cache.get(key)
    if known is not None and time.time() - known["at"] < _FRESH_S:
        return dict(known["idp"])
    try:
        found = parsed(provider, identity_provider.fetched(provider.metadata_url))
    except (identity_provider.CallFailed, UntrustedAnswer):
        if known is None:
            raise UntrustedAnswer("The metadata cannot be read.") from None
        return dict(known["idp"])
    cache.set(key, {"at": time.time(), "idp": found}, _KEPT_S)
    return found


def parsed(provider: SamlProvider, text: bytes) -> dict[str, Any]:
    """Return what metadata says of the provider; or raise UntrustedAnswer.

    The document may define no entities, so that none of them can grow.
    """
    try:
        found = OneLogin_Saml2_IdPMetadataParser.parse(
            text, entity_id=provider.entity_id.replace("'", "") or None
        ).get("idp", {})
    except (etree.XMLSyntaxError, ValueError, KeyError):
        raise UntrustedAnswer("The metadata is not that of SAML.") from None
    address = found.get("singleSignOnService", {}).get("url", "")
    multiple = found.get("x509certMulti", {}).get("signing")
    if not found.get("entityId") or not origin_of(address):
        raise UntrustedAnswer("The metadata names no entity or address.")
    if not found.get("x509cert") and not multiple:
        raise UntrustedAnswer("The metadata has no certificate for signatures.")
    return dict(found)
