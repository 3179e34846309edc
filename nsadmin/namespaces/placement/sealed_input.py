"""A key between the form and the confirmed plan: sealed, for one session, for minutes.

The plan page carries it in a hidden field. It opens only in the session in which it was
typed, for the same namespace and the same address, and only for a while.
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

HELD_FOR_S = 900


def seal(key: str, *, session: str, namespace_id: str, url: str) -> str:
    """Return the key as text that is safe in a page."""
    until = int(time.time()) + HELD_FOR_S
    sealed = seal_store.seal(Secret(key), _binding(session, namespace_id, url, until))
    written = json.dumps({**sealed, "until": until}).encode()
    return base64.urlsafe_b64encode(written).decode()


def unseal(held: str, *, session: str, namespace_id: str, url: str) -> SecretStr | None:
    """Return the key, or None where it was held for something else or too long ago."""
    try:
        sealed = json.loads(base64.urlsafe_b64decode(held.encode()))
        until = int(sealed["until"])
        key = seal_store.unseal(sealed, _binding(session, namespace_id, url, until))
    except (Invalid, Unavailable, KeyError, TypeError, ValueError):
        return None
    return SecretStr(key.reveal()) if time.time() < until else None


def _binding(session: str, namespace_id: str, url: str, until: int) -> Binding:
    field = f"{KEY_FIELD} until {until}"
    return Binding(f"session {session}", namespace_id, field, _place(url))


def _place(url: str) -> str:
    """Return the address in its normal form; one that is refused as it was written.

    The plan refuses it with the reason. A key that did not open for it would be taken
    for the fault.
    """
    try:
        return destination(url).url
    except Invalid:
        return url
