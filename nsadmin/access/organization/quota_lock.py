"""One at a time: whoever counts an organization's namespaces to add one.

Counting in one store and adding in it are two calls, so two who count at the same time
would both find the last place of a plan free.
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

# Counting and adding take milliseconds; this is for one who died in between.
_HELD = timedelta(seconds=15)
_PATIENCE_S = 5.0
_BETWEEN_S = 0.05


@contextmanager
def exclusive(internal_id: str) -> Iterator[None]:
    """Keep others of the organization out; Unavailable if they take too long."""
    token = _take(internal_id)
    try:
        yield
    finally:
        mine = Organization.objects.filter(internal_id=internal_id, room_token=token)
        mine.update(room_token="", room_until=None)


def _take(internal_id: str) -> str:
    token = secrets.token_hex(8)
    give_up = time.monotonic() + _PATIENCE_S
    while True:
        now = timezone.now()
        free = Q(room_until=None) | Q(room_until__lt=now)
        its = Organization.objects.filter(free, internal_id=internal_id)
        if its.update(room_token=token, room_until=now + _HELD):
            return token
        if time.monotonic() > give_up:
            raise Unavailable("Others are adding namespaces; try again in a moment.")
        time.sleep(_BETWEEN_S)
