"""Authentication by the key in the Authorization header, and by nothing else.

A session cookie is not accepted, so no other site can make a browser send requests.
"""

import re

from django.http import HttpRequest
from ninja.security.http import HttpAuthBase

from nsadmin.access.actor import Actor
from nsadmin.access.keys.keys import actor_of_key
from nsadmin.access.web.client_address import client_address
from nsadmin.api.http.rate_limit import spend, spend_of_organization
from nsadmin.errors import Unauthorized

_HEADER = re.compile(
    r"bearer +(sk_[A-Za-z0-9]{1,64}_[A-Za-z0-9_-]{1,128})", re.IGNORECASE
)


class BearerKey(HttpAuthBase):
    """`Authorization: Bearer sk_…`; sets `request.actor`."""

    openapi_scheme = "bearer"
    openapi_description = "An API key of your organization: `Bearer sk_…`."

    def __call__(self, request: HttpRequest) -> Actor:
        """Return the actor of the key; raise Unauthorized or RateLimited.

        A request with a valid key counts against the key and its organization, any
        other against its address: a caller who guesses keys cannot use up the limit of
        a valid one.
        """
        try:
            actor = _actor(request)
        except Unauthorized:
            spend(request, "address", client_address(request))
            raise
        spend(request, "key", actor.id)
        spend_of_organization(request, actor.organization_id)
        request.actor = actor  # type: ignore[attr-defined]
        return actor


def _actor(request: HttpRequest) -> Actor:
    header = request.headers.get("Authorization", "").strip()
    if not header:
        raise Unauthorized("Send an API key as Authorization: Bearer sk_….")
    match = _HEADER.fullmatch(header)
    if match is None:
        raise Unauthorized("The API key is missing, wrong, revoked or expired.")
    return actor_of_key(match[1])
