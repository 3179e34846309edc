"""Per-organization lock for the namespace quota check.

Counting namespaces and adding one are two calls to the namespace store. Without the
lock, two requests that count at the same time could both take the last place of a plan.
"""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from nsadmin.access.models import Organization
from nsadmin.errors import Unavailable

# Counting and adding take milliseconds; a holder that died loses the lock after this.
_LOCK_TTL = timedelta(seconds=15)
_WAIT_S = 5.0
_RETRY_S = 0.05


@contextmanager
def locked(internal_id: str) -> Iterator[None]:
    """Hold the lock of an organization; raise Unavailable if it is not free in 5 s."""
    token = _acquire(internal_id)
    try:
        yield
    finally:
        mine = Organization.objects.filter(internal_id=internal_id, room_token=token)
        mine.update(room_token="", room_until=None)


def _acquire(internal_id: str) -> str:
    token = secrets.token_hex(8)
    give_up = time.monotonic() + _WAIT_S
    while True:
        now = timezone.now()
        free = Q(room_until=None) | Q(room_until__lt=now)
        its = Organization.objects.filter(free, internal_id=internal_id)
        if its.update(room_token=token, room_until=now + _LOCK_TTL):
            return token
        if time.monotonic() > give_up:
            raise Unavailable(
                "Other namespaces are being added; try again in a moment."
            )
        time.sleep(_RETRY_S)
