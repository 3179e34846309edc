"""Repeating a POST: with the same `Idempotency-Key` and body it acts once.

A successful response is kept for a day and sent again. An error of the caller changed
nothing and is not kept, so the request may be tried again. After an error of the server
the operation is tried again under the same operation id.
"""

import json
import re
import time
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from nsadmin.access.actor import Actor
from nsadmin.access.web.gate import actor_of
from nsadmin.api.http import parsing
from nsadmin.api.http.openapi import header
from nsadmin.api.models import KeptAnswer
from nsadmin.errors import BadRequest, Conflict, Invalid, NsadminError

View = TypeVar("View", bound=Callable[..., HttpResponse])

_VISIBLE = "[!-~]"
_LONGEST = 255
IDEMPOTENCY_KEY = {
    "Idempotency-Key": header(
        "1 to 255 visible ASCII characters: the request acts once, and the same key "
        "and body get the same response for 24 hours. With the key, another body is "
        "422.",
        pattern=f"^{_VISIBLE}+$",
        minLength=1,
        maxLength=_LONGEST,
    )
}
_KEPT = timedelta(hours=24)
# After this long without a response, the next request with the key takes over.
_CLAIM_TIME = timedelta(seconds=60)
# A request waits for another one with its key for less time than proxies wait for it.
_MAX_WAIT_S = 30.0
# The pause between two reads of the row, at first and at most.
_FIRST_PAUSE_S, _LAST_PAUSE_S = 0.05, 1.0
_KEY = re.compile(f"{_VISIBLE}{{1,{_LONGEST}}}")
_HEADERS = ("ETag", "Content-Type")


class InProgress(Conflict):
    """The same request is in progress."""

    default_code = "idempotency_in_flight"
    retryable: ClassVar[bool] = True


def operation_id(request: HttpRequest) -> UUID | None:
    """Return the operation id that belongs to the request's key, if it has one."""
    return getattr(request, "operation_id", None)


def idempotent(view: View) -> View:
    """Let an operation be repeated; the gate has let the request through before."""

    @wraps(view)
    def replayable(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return view(request, *args, **kwargs)
        row = _claim(request, view.__name__, key)
        if row.status is not None:
            return _replayed_response(row)
        request.operation_id = row.operation_id  # type: ignore[attr-defined]
        try:
            response = view(request, *args, **kwargs)
        except Exception as failure:
            _release(row, failure)
            raise
        _keep(row, response)
        return response

    return replayable  # type: ignore[return-value]


def _claim(request: HttpRequest, route: str, key: str) -> KeptAnswer:
    """Return the row of the key, claimed for this request or with a kept response."""
    if not _KEY.fullmatch(key):
        raise BadRequest(
            "Idempotency-Key must have 1 to 255 visible ASCII characters.",
            code="idempotency_key_unreadable",
        )
    actor = actor_of(request)
    name = {
        "organization_id": actor.organization_id,
        "credential": _credential(actor),
        "route": route,
        "key": key,
    }
    fingerprint = _fingerprint(request)
    give_up, pause_s = time.monotonic() + _MAX_WAIT_S, _FIRST_PAUSE_S
    while True:
        row = _row(name, fingerprint)
        if row.fingerprint != fingerprint:
            message = "This Idempotency-Key was sent with another request."
            raise Invalid.at(
                "header.Idempotency-Key", message, code="idempotency_key_reused"
            )
        if row.status is not None or _take(row):
            return row
        if time.monotonic() > give_up:
            raise InProgress(
                "The same request is being carried out; ask again in a moment.",
                details={"retry_after": 1},
            )
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, _LAST_PAUSE_S)


def _credential(actor: Actor) -> str:
    """Return who asks. A kept answer ends with the support session that it needed."""
    sessions = ",".join(sorted(grant.session_id for grant in actor.grants))
    mark = f"@{salted_hmac(__name__, sessions).hexdigest()[:12]}" if sessions else ""
    return f"{actor.kind}:{actor.id}"[:66] + mark


def _fingerprint(request: HttpRequest) -> str:
    """Return a keyed hash of method, URL and body, whatever the order of its keys.

    The body may hold a cluster's key, which a plain hash would let readers of the
    database confirm by guessing.
    """
    body = json.dumps(parsing.body(request, optional=True), sort_keys=True)
    parts = [request.method, request.get_full_path(), body]
    keyed = salted_hmac(__name__, json.dumps(parts), algorithm="sha256")
    return keyed.hexdigest()


def expired_answers() -> QuerySet[KeptAnswer]:
    """Return the answers that are kept no longer, for the schedule `trim`."""
    return KeptAnswer.objects.filter(expires_at__lte=timezone.now())


def _row(name: dict[str, str], fingerprint: str) -> KeptAnswer:
    """Return the row of the key, or a new one that is not claimed yet."""
    now = timezone.now()
    row = KeptAnswer.objects.filter(**name, expires_at__gt=now).first()
    if row is not None:
        return row
    KeptAnswer.objects.filter(**name, expires_at__lte=now).delete()
    values = {
        "fingerprint": fingerprint,
        "claimed_until": now,
        "turn": 0,
        "expires_at": now + _KEPT,
    }
    try:
        with transaction.atomic():
            return KeptAnswer.objects.create(**name, **values)
    except IntegrityError:
        return KeptAnswer.objects.get(**name)


def _take(row: KeptAnswer) -> bool:
    """Claim the row unless another request has it."""
    now = timezone.now()
    free = KeptAnswer.objects.filter(
        pk=row.pk, turn=row.turn, status=None, claimed_until__lte=now
    )
    taken = free.update(turn=row.turn + 1, claimed_until=now + _CLAIM_TIME)
    row.turn += taken
    return bool(taken)


def _claimed_rows(row: KeptAnswer) -> QuerySet[KeptAnswer]:
    return KeptAnswer.objects.filter(pk=row.pk, turn=row.turn, status=None)


def _keep(row: KeptAnswer, response: HttpResponse) -> None:
    headers = {n: response.headers[n] for n in _HEADERS if n in response.headers}
    _claimed_rows(row).update(
        status=response.status_code, headers=headers, body=response.content
    )


def _release(row: KeptAnswer, failure: Exception) -> None:
    """Delete the row after a caller's error; else let the next attempt claim it."""
    if isinstance(failure, NsadminError) and failure.status < 500:
        _claimed_rows(row).delete()
    else:
        _claimed_rows(row).update(claimed_until=timezone.now())


def _replayed_response(row: KeptAnswer) -> HttpResponse:
    response = HttpResponse(bytes(row.body), status=row.status)
    for name, value in row.headers.items():
        response.headers[name] = value
    response.headers["Idempotent-Replayed"] = "true"
    return response
