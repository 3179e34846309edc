"""A typed API key, sealed between the form and the confirmation of its plan.

The plan page carries it in a hidden field. It can be unsealed only in the session in
which it was typed, for the same namespace and URL, and for 15 minutes.
"""

import base64
import json
import time

from pydantic import SecretStr

from nsadmin.errors import Invalid, Unavailable
from nsadmin.namespaces.schema.infrastructure import KEY_FIELD
from nsadmin.stores import seal as seal_store
from nsadmin.stores.seal import Binding, Secret
from nsadmin.stores.ssrf_guard import destination

LIFETIME_S = 900


def seal(key: str, *, session: str, namespace_id: str, url: str) -> str:
    """Return the key sealed as text for a hidden field."""
    until = int(time.time()) + LIFETIME_S
    sealed = seal_store.seal(Secret(key), _binding(session, namespace_id, url, until))
    written = json.dumps({**sealed, "until": until}).encode()
    return base64.urlsafe_b64encode(written).decode()


def unseal(held: str, *, session: str, namespace_id: str, url: str) -> SecretStr | None:
    """Return the key, or None if it was sealed for something else or has expired."""
    try:
        sealed = json.loads(base64.urlsafe_b64decode(held.encode()))
        until = int(sealed["until"])
        key = seal_store.unseal(sealed, _binding(session, namespace_id, url, until))
    except (Invalid, Unavailable, KeyError, TypeError, ValueError):
        return None
    return SecretStr(key.reveal()) if time.time() < until else None


def _binding(session: str, namespace_id: str, url: str, until: int) -> Binding:
    field = f"{KEY_FIELD} until {until}"
    return Binding(f"session {session}", namespace_id, field, _normalized_url(url))


def _normalized_url(url: str) -> str:
    """Return the URL in its normal form; a forbidden one unchanged.

    The plan refuses a forbidden URL with the reason. Raising here would report the key
    as the error instead.
    """
    try:
        return destination(url).url
    except Invalid:
        return url
