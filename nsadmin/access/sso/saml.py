"""SAML 2.0 by python3-saml, and what it leaves open: who the assertion is for.

Beyond its signature, times, issuer and audience an assertion has to name the request
that it answers, our address and an end, and each one counts once.
"""

import time
from datetime import UTC, datetime
from typing import Any, Final

from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.saml.provider import SAMLProvider
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Names
from onelogin.saml2.errors import OneLogin_Saml2_Error
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from nsadmin.access.providers.configured import find
from nsadmin.access.providers.definition import SamlProvider
from nsadmin.access.sso import saml_metadata
from nsadmin.access.sso.identity import (
    Evidence,
    Identity,
    clean_address,
    clean_name,
    is_subject,
    truth,
)
from nsadmin.access.sso.refusal import UntrustedAnswer

_EMAIL: Final = (
    "urn:oid:0.9.2342.19200300.100.1.3",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
    "email",
    "mail",
)
_NAME: Final = (
    "urn:oid:2.16.840.1.113730.3.1.241",
    "http://schemas.microsoft.com/identity/claims/displayname",
    "displayName",
    "name",
)
_VERIFIED: Final = ("email_verified", "http://schemas.auth0.com/email_verified")
# An assertion that was used is remembered for this long beyond its end, since clocks
# differ; python3-saml allows five minutes.
_REMEMBERED_S: Final = 600


def auth_of(
    request: HttpRequest, provider: SamlProvider, answer: str = ""
) -> OneLogin_Saml2_Auth:
    """Return python3-saml for one request or one answer; raise UntrustedAnswer."""
    place = {
        "https": "on" if request.is_secure() else "off",
        "http_host": request.get_host(),
        "script_name": "",
        "path_info": reverse("saml_acs", args=[provider.id]),
        "get_data": {},
        "post_data": {"SAMLResponse": answer} if answer else {},
    }
    try:
        return OneLogin_Saml2_Auth(
            place, settings_of(request, provider, saml_metadata.of(provider))
        )
    except OneLogin_Saml2_Error:
        raise UntrustedAnswer("The metadata is not usable.") from None


def settings_of(
    request: HttpRequest, provider: SamlProvider, idp: dict[str, Any]
) -> dict[str, Any]:
    """Return the settings of python3-saml for this site and one provider."""
    return {
        "strict": True,
        "debug": False,
        "sp": {
            "entityId": _absolute(request, "saml_metadata", provider),
            "assertionConsumerService": {
                "url": _absolute(request, "saml_acs", provider),
                "binding": Names.BINDING_HTTP_POST,
            },
            "NameIDFormat": Names.NAMEID_UNSPECIFIED,
        },
        "idp": idp,
        "security": {
            "authnRequestsSigned": False,
            "wantNameId": True,
            "wantAttributeStatement": False,
            "allowRepeatAttributeName": False,
            "rejectDeprecatedAlgorithm": True,
            "requestedAuthnContext": False,
            "allowSingleLabelDomains": True,
        },
    }


def _absolute(request: HttpRequest, name: str, provider: SamlProvider) -> str:
    return request.build_absolute_uri(reverse(name, args=[provider.id]))


class SamlSignIn(SAMLProvider):  # type: ignore[misc]
    """A configured provider of SAML."""

    def start(
        self,
        request: HttpRequest,
        *,
        next_url: str,
        purpose: str,
        hint: str = "",  # noqa: ARG002
    ) -> HttpResponse:
        """Redirect to the provider; `purpose` comes back with its answer.

        To confirm who a person is, the provider has to ask them again. There is no
        standard way to hand over the address as a hint.
        """
        provider, is_again = _configured(self.app.provider_id), purpose == "confirm"
        auth = auth_of(request, provider)
        address = auth.login(return_to="", force_authn=is_again)
        data = {
            "purpose": purpose,
            "began_at": time.time(),
            "user": request.user.pk if is_again else None,
        }
        self.stash_redirect_state(
            request, "login", next_url, data, state_id=auth.get_last_request_id()
        )
        return HttpResponseRedirect(address)

    def extract_uid(self, data: OneLogin_Saml2_Auth) -> str:
        """Return what never changes of a person; raise UntrustedAnswer without."""
        wanted = _configured(self.app.provider_id).subject_attribute
        if wanted:
            subject = _attribute(data, (wanted,))
        elif data.get_nameid_format() == Names.NAMEID_TRANSIENT:
            raise UntrustedAnswer("The NameID is another one at each sign-in.")
        else:
            subject = data.get_nameid() or ""
        if not is_subject(subject):
            raise UntrustedAnswer("The subject is missing, too long or no text.")
        return subject

    def extract_extra_data(self, _data: OneLogin_Saml2_Auth) -> dict[str, Any]:
        """Return nothing: of a person's attributes none is stored."""
        return {}

    def extract_common_fields(self, _data: OneLogin_Saml2_Auth) -> dict[str, Any]:
        """Return nothing: users are made of the judged identity."""
        return {}

    def sociallogin_from_response(
        self, request: HttpRequest, response: OneLogin_Saml2_Auth
    ) -> SocialLogin:
        """Return the sign-in with its evidence, of a valid assertion."""
        provider = _configured(self.app.provider_id)
        proved_at = _judged(request, provider, response)
        login = super().sociallogin_from_response(request, response)
        identity = _identity(provider, login.account.uid, response)
        login.evidence = Evidence(identity, nonce="", proved_at=proved_at)
        return login


def _configured(provider_id: str) -> SamlProvider:
    provider = find(provider_id)
    if not isinstance(provider, SamlProvider):
        raise UntrustedAnswer("The provider is not configured any more.")
    return provider


def _identity(
    provider: SamlProvider, subject: str, auth: OneLogin_Saml2_Auth
) -> Identity:
    own = provider.email_attribute
    email = _attribute(auth, (own,) if own else _EMAIL)
    if not email and not own and auth.get_nameid_format() == Names.NAMEID_EMAIL_ADDRESS:
        email = auth.get_nameid() or ""
    named = provider.name_attribute
    return Identity(
        provider=provider,
        subject=subject,
        email=clean_address(email),
        name=clean_name(_attribute(auth, (named,) if named else _NAME)),
        is_verified=truth(_attribute(auth, _VERIFIED)),
    )


def _attribute(auth: OneLogin_Saml2_Auth, names: tuple[str, ...]) -> str:
    """Return the first attribute that is there with one value, else ""."""
    found = auth.get_attributes()
    for name in names:
        values = found.get(name)
        if values:
            return str(values[0]) if len(values) == 1 else ""
    return ""


def _judged(
    request: HttpRequest, provider: SamlProvider, auth: OneLogin_Saml2_Auth
) -> float:
    """Check what a valid assertion says about itself; return when the person proved it.

    Raises UntrustedAnswer. python3-saml read this same assertion, the only one.
    """
    document = OneLogin_Saml2_XML.to_etree(auth.get_last_response_xml())
    assertions = OneLogin_Saml2_XML.query(document, "//saml:Assertion")
    if len(assertions) != 1:
        raise UntrustedAnswer("There is not one assertion alone.")
    assertion = assertions[0]

    def texts(path: str) -> list[str]:
        return [str(each) for each in OneLogin_Saml2_XML.query(assertion, path)]

    audiences = texts(".//saml:AudienceRestriction/saml:Audience/text()")
    if _absolute(request, "saml_metadata", provider) not in audiences:
        raise UntrustedAnswer("The assertion is not for this site.")
    ends_at = _end_of(request, provider, auth, assertion)
    identifier = assertion.get("ID", "")
    key = f"sso:assertion:{provider.id}:{identifier}"
    left_s = max(1.0, ends_at - time.time()) + _REMEMBERED_S
    if not identifier or not cache.add(key, 1, left_s):
        raise UntrustedAnswer("The assertion was used before.")
    instants = texts("./saml:AuthnStatement/@AuthnInstant")
    return _seconds(instants[0]) if instants else 0.0


def _end_of(
    request: HttpRequest,
    provider: SamlProvider,
    auth: OneLogin_Saml2_Auth,
    assertion: Any,
) -> float:
    """Return the end of the confirmation that names our request and our address."""
    answered = auth.get_last_response_in_response_to()
    acs = _absolute(request, "saml_acs", provider)
    path = "./saml:Subject/saml:SubjectConfirmation[@Method=$bearer]"
    path += "/saml:SubjectConfirmationData"
    found = assertion.xpath(path, namespaces=Names.NSMAP, bearer=Names.CM_BEARER)
    for each in found:
        ends_at = _seconds(each.get("NotOnOrAfter", ""))
        is_ours = each.get("Recipient") == acs and ends_at > time.time()
        if is_ours and answered and each.get("InResponseTo") == answered:
            return ends_at
    raise UntrustedAnswer("The assertion does not answer a request of this site.")


def _seconds(instant: str) -> float:
    """Return a time of SAML in seconds since 1970; 0 for what is none."""
    try:
        moment = datetime.fromisoformat(instant.strip())
    except ValueError:
        return 0.0
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
