"""The addresses of SAML: where assertions arrive, and our metadata.

A provider sends its answer as a form from its own site, without our session's cookie.
So the answer is put aside under a cookie of its own, and a redirect to our own site,
which has the session, goes on with it.
"""

import binascii
from http import HTTPStatus
from importlib import import_module
from typing import Any, Final

from allauth.core import ratelimit
from allauth.socialaccount.helpers import (
    complete_social_login,
    render_authentication_error,
)
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe
from lxml import etree
from onelogin.saml2.errors import (
    OneLogin_Saml2_Error,
    OneLogin_Saml2_ValidationError,
)
from onelogin.saml2.settings import OneLogin_Saml2_Settings

from nsadmin.access.providers.configured import find
from nsadmin.access.providers.definition import SamlProvider
from nsadmin.access.sso import saml
from nsadmin.access.sso.adapter import sign_in_provider
from nsadmin.access.sso.refusal import UntrustedAnswer
from nsadmin.errors import RateLimited

_COOKIE: Final = "saml-answer"
_KEY: Final = "saml_answer"
_KEPT_S: Final = 300
# Answers with a few attributes have some ten thousand characters.
_MOST_ANSWER: Final = 256 * 1024
_UNREADABLE: Final = (
    OneLogin_Saml2_Error,
    OneLogin_Saml2_ValidationError,
    etree.XMLSyntaxError,
    binascii.Error,
    ValueError,
)
_engine: Any = import_module(settings.SESSION_ENGINE)


def _provider(provider_id: str) -> SamlProvider:
    provider = find(provider_id)
    if not isinstance(provider, SamlProvider):
        raise Http404
    return provider


@csrf_exempt
@require_POST
def acs(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Put an answer aside and go on with it on our own site."""
    provider = _provider(provider_id)
    if not ratelimit.consume(request, action="sso"):
        raise RateLimited("Too many attempts. Wait a minute and try again.")
    answer = request.POST.get("SAMLResponse", "")
    path = reverse("saml_finish", args=[provider.id])
    response = HttpResponseRedirect(path)
    response.status_code = HTTPStatus.SEE_OTHER
    if not 1 <= len(answer) <= _MOST_ANSWER:
        return response
    kept = _engine.SessionStore()
    kept[_KEY] = answer
    kept.set_expiry(_KEPT_S)
    kept.save()
    response.set_cookie(
        _COOKIE,
        kept.session_key,
        max_age=_KEPT_S,
        path=path,
        secure=bool(settings.SESSION_COOKIE_SECURE),
        httponly=True,
        samesite="Lax",
    )
    return response


@require_safe
def finish(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Judge the answer that was put aside, in the session that asked for it."""
    provider = _provider(provider_id)
    signs_in = sign_in_provider(request, provider.id)
    try:
        auth = _valid(request, provider, _take(request))
        login = signs_in.sociallogin_from_response(request, auth)
        login.state = signs_in.unstash_redirect_state(
            request, auth.get_last_response_in_response_to()
        )
    except (UntrustedAnswer, PermissionDenied) as fault:
        response = render_authentication_error(request, signs_in, exception=fault)
    else:
        response = complete_social_login(request, login)
    response.delete_cookie(_COOKIE, path=request.path)
    made: HttpResponse = response
    return made


def _take(request: HttpRequest) -> str:
    """Return the answer and forget it."""
    kept = _engine.SessionStore(request.COOKIES.get(_COOKIE))
    answer = kept.get(_KEY)
    if not isinstance(answer, str):
        raise UntrustedAnswer("There is no answer.")
    kept.delete()
    return answer


def _valid(request: HttpRequest, provider: SamlProvider, answer: str) -> Any:
    """Return python3-saml with an answer that it accepts; raise UntrustedAnswer."""
    auth = saml.auth_of(request, provider, answer)
    try:
        auth.process_response(request_id=None)
    except _UNREADABLE:
        raise UntrustedAnswer("The answer cannot be read.") from None
    if auth.get_errors() or not auth.is_authenticated():
        raise UntrustedAnswer(str(auth.get_last_error_reason()))
    return auth


@require_safe
def metadata(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Return our metadata, with which the provider is set up."""
    provider = _provider(provider_id)
    made = OneLogin_Saml2_Settings(
        settings=saml.settings_of(request, provider, {}), sp_validation_only=True
    )
    return HttpResponse(made.get_sp_metadata(), content_type="application/xml")
