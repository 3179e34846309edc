"""OpenID Connect by allauth, stricter where its defaults leave something open.

Each sign-in has PKCE and a nonce. The signature of the ID token is always checked, with
asymmetric algorithms alone; the provider has to be the configured one; and what its
userinfo says counts only for the subject of the token.
"""

import json
import secrets
import time
from typing import Any, Final
from urllib.parse import urlsplit

import jwt
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialLogin, SocialToken
from allauth.socialaccount.providers.openid_connect.provider import (
    OpenIDConnectProvider,
)
from allauth.socialaccount.providers.openid_connect.views import (
    OpenIDConnectOAuth2Adapter,
)
from django.http import HttpRequest, HttpResponseBase

from nsadmin.access.providers.configured import find
from nsadmin.access.providers.definition import OidcProvider, origin_of
from nsadmin.access.sso.identity import (
    Evidence,
    Identity,
    clean_address,
    clean_name,
    is_subject,
    truth,
)
from nsadmin.access.sso.refusal import UntrustedAnswer

# With a public key alone: a token that is signed with the client's secret, or not at
# all, is not accepted.
_ALGORITHMS: Final = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)
_ENDPOINTS: Final = (
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
)
# The clocks of two machines may differ by this many seconds.
LEEWAY_S: Final = 60
_WELL_KNOWN: Final = "/.well-known/openid-configuration"


class OpenIdAdapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """Speaks with the endpoints that the provider's configuration names."""

    _judged: dict[str, Any] | None = None

    @property
    def openid_config(self) -> dict[str, Any]:
        """Return the configuration of the provider; raise UntrustedAnswer."""
        if self._judged is None:
            self._judged = _judged(super().openid_config, self.provider_id)
        return self._judged

    def complete_login(
        self, request: HttpRequest, app: Any, token: SocialToken, **kwargs: Any
    ) -> SocialLogin:
        """Return the sign-in of a verified ID token, not yet bound to a user."""
        given = kwargs["response"].get("id_token")
        if not isinstance(given, str):
            raise UntrustedAnswer("The answer has no ID token.")
        claims = self._verified(given, app.client_id)
        if "userinfo_endpoint" in self.openid_config:
            told = self._fetch_user_info(token.token)
            if not isinstance(told, dict) or told.get("sub") != claims["sub"]:
                raise UntrustedAnswer("The userinfo is of another subject.")
            claims = {**_personal(told, claims), **claims}
        return self.get_provider().sociallogin_from_response(request, claims)

    def _verified(self, token: str, client_id: str) -> dict[str, Any]:
        """Return the claims of an ID token; raise UntrustedAnswer for a bad one."""
        with get_adapter().get_requests_session() as session:
            answer = session.get(self.openid_config["jwks_uri"])
            answer.raise_for_status()
            keys = answer.json()
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                _key(keys, token),
                algorithms=_ALGORITHMS,
                audience=client_id,
                issuer=self.openid_config["issuer"],
                leeway=LEEWAY_S,
                options={"require": ["iss", "aud", "exp", "iat", "sub"]},
            )
        except (jwt.PyJWTError, TypeError, ValueError) as fault:
            name = type(fault).__name__
            raise UntrustedAnswer(f"The ID token is not valid: {name}.") from None
        if claims.get("azp", client_id) != client_id:
            raise UntrustedAnswer("The ID token is for another client.")
        return claims


def _personal(told: dict[str, Any], claims: dict[str, Any]) -> dict[str, Any]:
    """Return what userinfo adds; what it says of another address is left out."""
    is_same = claims.get("email", told.get("email")) == told.get("email")
    added = ("name", "email", "email_verified") if is_same else ("name",)
    return {name: told[name] for name in added if name in told}


def _judged(found: object, provider_id: str) -> dict[str, Any]:
    """Return a provider's configuration if it is whole and of the configured one."""
    provider = find(provider_id)
    if not isinstance(found, dict) or not isinstance(provider, OidcProvider):
        raise UntrustedAnswer("The configuration is no object.")
    issuer = str(found.get("issuer", ""))
    if issuer.rstrip("/") != provider.issuer.rstrip("/"):
        raise UntrustedAnswer("The configuration is of another issuer.")
    named = [*_ENDPOINTS] + ["userinfo_endpoint"] * ("userinfo_endpoint" in found)
    is_tls = urlsplit(provider.server_url).scheme == "https"
    for name in named:
        origin = origin_of(str(found.get(name, "")))
        if not origin or (is_tls and not origin.startswith("https://")):
            raise UntrustedAnswer(f"The configuration has no usable {name}.")
    return found


def _key(keys: object, token: str) -> Any:
    """Return the public key that signed a token, by its id, of a JSON Web Key Set."""
    header = jwt.get_unverified_header(token)
    if header.get("alg") not in _ALGORITHMS:
        raise UntrustedAnswer("The ID token has no signature of a public key.")
    listed = keys.get("keys") if isinstance(keys, dict) else None
    fitting = [
        each
        for each in listed or ()
        if isinstance(each, dict)
        and each.get("use", "sig") == "sig"
        and each.get("kty") in ("RSA", "EC", "OKP")
        and header.get("kid") in (None, each.get("kid"))
    ]
    if len(fitting) != 1:
        raise UntrustedAnswer("The key of the ID token is not known.")
    return jwt.PyJWK.from_json(json.dumps(fitting[0]), header["alg"]).key


class OpenIdProvider(OpenIDConnectProvider):  # type: ignore[misc]
    """A configured provider of OpenID Connect."""

    oauth2_adapter_class = OpenIdAdapter
    pkce_enabled_default = True

    @property
    def server_url(self) -> str:
        """Return the address of the provider's configuration."""
        address: str = self.app.settings["server_url"]
        if "/.well-known/" in address:
            return address
        return address.rstrip("/") + _WELL_KNOWN

    def start(
        self, request: HttpRequest, *, next_url: str, purpose: str, hint: str = ""
    ) -> HttpResponseBase:
        """Redirect to the provider; `purpose` comes back with its answer.

        To confirm who a person is, the provider has to ask them again.
        """
        data = {
            "purpose": purpose,
            "nonce": secrets.token_urlsafe(24),
            "began_at": time.time(),
            "user": request.user.pk if purpose == "confirm" else None,
        }
        asked = {"nonce": data["nonce"]}
        if hint:
            asked["login_hint"] = hint
        if purpose == "confirm":
            asked |= {"prompt": "login", "max_age": "0"}
        response: HttpResponseBase = self.redirect(
            request, "login", next_url=next_url, data=data, auth_params=asked
        )
        return response

    def serialize(self) -> dict[str, Any]:
        """Return what finds this provider again, also among some of one client id."""
        return {"id": self.app.provider_id, "app.client_id": self.app.client_id}

    def extract_uid(self, data: dict[str, Any]) -> str:
        """Return the subject; raise UntrustedAnswer for one that cannot be kept."""
        subject = data.get("sub")
        if not is_subject(subject):
            raise UntrustedAnswer("The subject is missing, too long or no text.")
        return subject

    def extract_extra_data(self, _data: dict[str, Any]) -> dict[str, Any]:
        """Return nothing: of a person's claims none is stored."""
        return {}

    def extract_common_fields(self, _data: dict[str, Any]) -> dict[str, Any]:
        """Return nothing: users are made of the judged identity."""
        return {}

    def extract_email_addresses(self, _data: dict[str, Any]) -> list[Any]:
        """Return none, so that allauth looks up no user by an address."""
        return []

    def sociallogin_from_response(
        self, request: HttpRequest, response: dict[str, Any]
    ) -> SocialLogin:
        """Return the sign-in with its evidence, of verified claims."""
        login = super().sociallogin_from_response(request, response)
        login.evidence = _evidence(find(self.app.provider_id), response)
        return login


def _evidence(provider: object, claims: dict[str, Any]) -> Evidence:
    """Return who the verified claims are about."""
    if not isinstance(provider, OidcProvider):
        raise UntrustedAnswer("The provider is not configured any more.")
    nonce = claims.get("nonce")
    identity = Identity(
        provider=provider,
        subject=claims["sub"],
        email=clean_address(claims.get("email")),
        name=clean_name(claims.get("name")),
        is_verified=truth(claims.get("email_verified")),
    )
    return Evidence(
        identity,
        nonce=nonce if isinstance(nonce, str) else "",
        proved_at=_seconds(claims.get("auth_time")),
    )


def _seconds(value: object) -> float:
    """Return a claim that is a time; 0 for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return float(value)
