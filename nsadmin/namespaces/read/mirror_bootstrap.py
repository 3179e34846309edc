"""Whether the mirror was ever filled. Until then an empty list would be a guess.

A fresh database, or one whose mirror was dropped, knows of no namespace though there
may be many. Whoever lists then compares the whole mirror once, one at a time; the
others wait a moment for it.
"""

import time

from django.db.models import Exists

from nsadmin.errors import Unavailable
from nsadmin.namespaces.models import MirroredNamespace, MirrorFill
from nsadmin.namespaces.read import mirror
from nsadmin.stores import redis
from nsadmin.stores.mongo import connection

_CLAIM = "mirror-fill"
# The store has so long to tell all of it to whoever asks; the schedule takes longer.
_WITHIN_S = 10
_WAIT_S, _STEP_S = 3.0, 0.1
_UNREAD = "The namespaces have not been read yet"


class MirrorEmpty(Unavailable):
    """Nobody has read the namespaces from their store yet."""

    default_code = "namespaces_unread"


def require_filled() -> None:
    """Fill the mirror if it never was; raise Unread where that cannot be done now."""
    if is_filled():
        return
    if not redis.claim(_CLAIM, milliseconds=_WITHIN_S * 1000):
        _await()
        return
    try:
        # The bound of the whole is also how long the driver would look for a server.
        with connection.translate_errors(within_s=connection.READ_S):
            connection.ping()
        with connection.translate_errors(within_s=_WITHIN_S):
            mirror.reconcile()
    except Unavailable as away:
        sentence = f"{_UNREAD}. {away.message}"
        raise MirrorEmpty(sentence, details={"store": "namespace store"}) from None
    finally:
        redis.release(_CLAIM)


def is_filled() -> bool:
    """Tell whether the mirror was compared as a whole and was not emptied since."""
    there = Exists(MirroredNamespace.objects.all())
    found = MirrorFill.objects.annotate(there=there).first()
    return found is not None and (found.there or found.documents == 0)


def _await() -> None:
    deadline = time.monotonic() + _WAIT_S
    while time.monotonic() < deadline:
        time.sleep(_STEP_S)
        if is_filled():
            return
    raise MirrorEmpty(
        f"{_UNREAD}; that is being done just now.",
        details={"store": "namespace store", "retry_after": 2},
    )
