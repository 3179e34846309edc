"""Repeating a POST: with the same `Idempotency-Key` and body it acts once.

The answer of a success is kept for a day and given again. A refusal has changed
nothing, so it is not kept: the request may be tried again. After a fault of ours the
same act is tried again, under the same operation id.
"""

import hashlib
import json
import re
import time
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

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
        "and body get the same answer for 24 hours. Another body with the key is 422.",
        pattern=f"^{_VISIBLE}+$",
        minLength=1,
        maxLength=_LONGEST,
    )
}
_KEPT = timedelta(hours=24)
# The longest that a request may be at work; the next one takes over then.
_AT_WORK = timedelta(seconds=60)
# A slow act is waited for, but not as long as proxies commonly wait for an answer.
_PATIENCE_S = 30.0
# Between two looks at the row: at first, and as the distance has grown.
_FIRST_S, _LAST_S = 0.05, 1.0
_KEY = re.compile(f"{_VISIBLE}{{1,{_LONGEST}}}")
_HEADERS = ("ETag", "Content-Type")


class InProgress(Conflict):
    """The same request is being carried out just now."""

    default_code = "idempotency_in_flight"
    retryable: ClassVar[bool] = True


def operation_id(request: HttpRequest) -> UUID | None:
    """Return the id of the act that the request's key names, if it has one."""
    found: UUID | None = getattr(request, "operation_id", None)
    return found


def idempotent(view: View) -> View:
    """Let an operation be repeated; the gate has let the request through before."""

    @wraps(view)
    def kept(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return view(request, *args, **kwargs)
        row = _claimed(request, view.__name__, key)
        if row.status is not None:
            return _again(row)
        request.operation_id = row.operation_id  # type: ignore[attr-defined]
        try:
            response = view(request, *args, **kwargs)
        except Exception as failure:
            _give_back(row, failure)
            raise
        _keep(row, response)
        return response

    return kept  # type: ignore[return-value]


def _claimed(request: HttpRequest, route: str, key: str) -> KeptAnswer:
    """Return the row: this request's to work on, or with the answer of an earlier."""
    if not _KEY.fullmatch(key):
        raise BadRequest(
            "Idempotency-Key must have 1 to 255 visible ASCII characters.",
            code="idempotency_key_unreadable",
        )
    actor = actor_of(request)
    name = {
        "organization_id": actor.organization_id,
        "credential": f"{actor.kind}:{actor.id}"[:80],
        "route": route,
        "key": key,
    }
    fingerprint = _fingerprint(request)
    give_up, pause_s = time.monotonic() + _PATIENCE_S, _FIRST_S
    while True:
        row = _row(name, fingerprint)
        if row.fingerprint != fingerprint:
            sentence = "This Idempotency-Key was sent with another request."
            raise Invalid.at(
                "header.Idempotency-Key", sentence, code="idempotency_key_reused"
            )
        if row.status is not None or _take(row):
            return row
        if time.monotonic() > give_up:
            raise InProgress(
                "The same request is being carried out; ask again in a moment.",
                details={"retry_after": 1},
            )
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, _LAST_S)


def _fingerprint(request: HttpRequest) -> str:
    """Return what tells one request from another; the order of keys does not."""
    body = json.dumps(parsing.body(request, optional=True), sort_keys=True)
    parts = [request.method, request.get_full_path(), body]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _row(name: dict[str, str], fingerprint: str) -> KeptAnswer:
    """Return the row of the key; a new one is claimed by nobody yet."""
    now = timezone.now()
    found = KeptAnswer.objects.filter(**name, expires_at__gt=now).first()
    if found is not None:
        return found
    KeptAnswer.objects.filter(expires_at__lte=now).delete()
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
    """Claim the row unless somebody is at work on it."""
    now = timezone.now()
    free = KeptAnswer.objects.filter(
        pk=row.pk, turn=row.turn, status=None, claimed_until__lte=now
    )
    taken = free.update(turn=row.turn + 1, claimed_until=now + _AT_WORK)
    row.turn += taken
    return bool(taken)


def _mine(row: KeptAnswer) -> Any:
    return KeptAnswer.objects.filter(pk=row.pk, turn=row.turn, status=None)


def _keep(row: KeptAnswer, response: HttpResponse) -> None:
    headers = {n: response.headers[n] for n in _HEADERS if n in response.headers}
    _mine(row).update(
        status=response.status_code, headers=headers, body=response.content
    )


def _give_back(row: KeptAnswer, failure: Exception) -> None:
    """Forget a refusal, which changed nothing; leave a fault to the next try."""
    if isinstance(failure, NsadminError) and failure.status < 500:
        _mine(row).delete()
    else:
        _mine(row).update(claimed_until=timezone.now())


def _again(row: KeptAnswer) -> HttpResponse:
    response = HttpResponse(bytes(row.body), status=row.status)
    for name, value in row.headers.items():
        response.headers[name] = value
    response.headers["Idempotent-Replayed"] = "true"
    return response
