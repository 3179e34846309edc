"""The first filling of the mirror.

A fresh database, or one whose mirror was dropped, has no rows although the store may
hold many namespaces. The first request for a list then fills the mirror; requests at
the same time wait up to 3 s for it. A store of very many is read in several turns, each
of which goes on where the last one ended.
"""

import time

from django.db.models import Exists

from nsadmin.errors import Unavailable
from nsadmin.namespaces.mirror import comparison, state
from nsadmin.namespaces.models import MirroredNamespace, MirrorFill, MirrorState
from nsadmin.stores import redis
from nsadmin.stores.mongo import connection
from nsadmin.stores.mongo.failures import translate_errors

_CLAIM = "mirror-fill"
# Time limit of a fill within a request; the scheduled one may take longer.
_FILL_TIMEOUT_S = 10
# A fill is not begun again, but broken off, after this.
_TURN_S = 6.0
_WAIT_S, _STEP_S = 3.0, 0.1
_NOT_LOADED = "The namespaces have not been read yet"


class MirrorEmpty(Unavailable):
    """The mirror has not been filled yet, so the list is unknown."""

    default_code = "namespaces_unread"


def require_filled() -> None:
    """Fill the mirror unless it was filled; raise MirrorEmpty if that fails."""
    if is_filled():
        return
    if not redis.claim(_CLAIM, milliseconds=_FILL_TIMEOUT_S * 1000):
        _await()
        return
    try:
        # Pinged first: without a server the driver would wait for the whole limit.
        with translate_errors(within_s=connection.READ_S):
            connection.ping()
        with translate_errors(within_s=_FILL_TIMEOUT_S):
            _fill()
    except MirrorEmpty:
        raise
    except Unavailable as away:
        message = f"{_NOT_LOADED}. {away.message}"
        raise MirrorEmpty(message, details={"store": "namespace store"}) from None
    finally:
        redis.release(_CLAIM)


def _fill() -> None:
    """Go on with the fill; raise MirrorEmpty if it needs another turn."""
    give_up = time.monotonic() + _TURN_S
    after = state.load().filling_after if MirroredNamespace.objects.exists() else ""
    fill = comparison.Comparison(after=after)
    for reached in fill.steps():
        if reached != after:
            MirrorState.objects.update(filling_after=reached)
            after = reached
        if time.monotonic() > give_up:
            raise _being_read()


def is_filled() -> bool:
    """Tell whether the mirror has been filled and was not emptied since."""
    has_rows = Exists(MirroredNamespace.objects.all())
    fill = MirrorFill.objects.annotate(has_rows=has_rows).first()
    return fill is not None and (fill.has_rows or fill.documents == 0)


def _await() -> None:
    deadline = time.monotonic() + _WAIT_S
    while time.monotonic() < deadline:
        time.sleep(_STEP_S)
        if is_filled():
            return
    raise _being_read()


def _being_read() -> MirrorEmpty:
    return MirrorEmpty(
        f"{_NOT_LOADED}; they are being read now. Try again in 2 seconds.",
        details={"store": "namespace store", "retry_after": 2},
    )
