"""Sending the mails that are due: one process at a time, one connection for all.

Who raises the count of tries of a row owns that try, so a mail is not sent twice even
if two processes run. One that dies between the server's answer and the note of it is
the exception: the mail goes once more, with the same Message-ID.
"""

import smtplib
import time
import uuid
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import QuerySet
from django.utils import timezone

from nsadmin import meters
from nsadmin.errors import NsadminError
from nsadmin.mail import kinds, outbox
from nsadmin.mail.failures import Failure, failure_of
from nsadmin.mail.letters import Letter, sender_domain
from nsadmin.mail.models import Mail, State
from nsadmin.stores import redis

log = structlog.get_logger(__name__)

# A run ends after this long; a killed one frees the others after `_CLAIM_MS`.
_RUN_S: Final = 60.0
_CLAIM: Final = "mail"
_CLAIM_MS: Final = 180_000
# A server that failed is left alone for this long, so that it holds no worker.
_PAUSE_MS: Final = 25_000
_BATCH: Final = 100
# The wait after the first try; it doubles up to the longest.
_FIRST_WAIT: Final = timedelta(minutes=1)
_LONGEST_WAIT: Final = timedelta(hours=1)


def run() -> dict[str, int]:
    """Send what is due; return the counts: sent, retried, failed, dropped.

    While another process does it, or the server rests, this one returns at once.
    """
    counts: Counter[str] = Counter()
    until = time.monotonic() + _RUN_S
    if outbox.is_on():
        # A mail that was asked for while the claim was held is found by looking again.
        while time.monotonic() < until and _due().exists():
            if not redis.claim(_CLAIM, milliseconds=_CLAIM_MS):
                break
            is_away = False
            try:
                is_away = _send_due(counts, until)
            finally:
                redis.release(_CLAIM)
            if is_away:
                redis.claim(_CLAIM, milliseconds=_PAUSE_MS)
                break
    _give_up(counts)
    return dict(counts)


def _due() -> QuerySet[Mail]:
    now = timezone.now()
    waiting = Mail.objects.filter(state=State.WAITING, next_at__lte=now)
    return waiting.filter(until__gt=now)


def _send_due(counts: Counter[str], until: float) -> bool:
    """Send one after the other; return True once the server fails."""
    connection = get_connection()
    try:
        for mail in _due().order_by("next_at", "pk")[:_BATCH]:
            if time.monotonic() >= until:
                return False
            if not _take(mail):
                continue
            failure = _try(mail, connection, counts)
            if failure is not None and failure.is_of_server:
                return True
    finally:
        with suppress(OSError):
            connection.close()
    return False


def _take(mail: Mail) -> bool:
    """Own the next try of a mail; False if another process has it.

    The row is due again after the wait, also if this process dies meanwhile.
    """
    wait = min(_FIRST_WAIT * 2 ** min(mail.attempts, 10), _LONGEST_WAIT)
    least = timedelta(seconds=settings.EMAIL_TIMEOUT + 30)
    mine = Mail.objects.filter(pk=mail.pk, attempts=mail.attempts, state=State.WAITING)
    mail.attempts += 1
    next_at = timezone.now() + max(wait, least)
    return bool(mine.update(attempts=mail.attempts, next_at=next_at))


def _try(
    mail: Mail, connection: BaseEmailBackend, counts: Counter[str]
) -> Failure | None:
    try:
        letter = _letter(mail)
        if letter is None:
            _end(mail, State.DROPPED, counts)
            return None
        connection.open()
        connection.send_messages([message_of(mail.recipient, letter, mail.mail_id)])
    except Exception as error:  # noqa: BLE001 - whatever one mail raises is its own
        failure = failure_of(error)
        _note(mail, failure, error, counts)
        return failure
    _end(mail, State.SENT, counts)
    return None


class Unreadable(Exception):
    """A mail of a kind of a newer release, or sealed with a key that is not here."""


def _letter(mail: Mail) -> Letter | None:
    """Return the content, None if the mail is no longer wanted; or raise Unreadable."""
    compose, data = kinds.composer(mail.kind), outbox.data_of(mail)
    if compose is None or data is None:
        raise Unreadable
    return compose(kinds.Asked(mail.recipient, data))


def message_of(
    recipient: str, letter: Letter, mail_id: uuid.UUID
) -> EmailMultiAlternatives:
    """Return the message; each try has the same Message-ID, and no machine answers."""
    message = EmailMultiAlternatives(
        letter.subject,
        letter.text,
        to=[recipient],
        headers={
            "Message-ID": f"<{mail_id}@{sender_domain()}>",
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
        },
    )
    if letter.html:
        message.attach_alternative(letter.html, "text/html")
    return message


def _note(mail: Mail, failure: Failure, error: Exception, counts: Counter[str]) -> None:
    """Write a failure down; a final one ends the mail."""
    told = {"mail": str(mail.mail_id), "kind": mail.kind, "reason": failure.fault}
    if failure.is_final:
        log.warning("mail_failed", **told)
        _end(mail, State.FAILED, counts, failure.fault)
        return
    is_known = isinstance(error, OSError | smtplib.SMTPException | NsadminError)
    name = "" if is_known else type(error).__name__
    log.warning("mail_postponed", **told, attempts=mail.attempts, error=name)
    Mail.objects.filter(pk=mail.pk).update(fault=failure.fault)
    _count("retried", counts)


def _end(mail: Mail, state: State, counts: Counter[str], fault: str = "") -> None:
    """End a mail and erase its content."""
    values: dict[str, Any] = {"state": state, "fault": fault, "sealed": None}
    Mail.objects.filter(pk=mail.pk).update(ended_at=timezone.now(), **values)
    _count(state.value, counts)


def _give_up(counts: Counter[str]) -> None:
    """End what could not be sent in its time."""
    late = Mail.objects.filter(state=State.WAITING, until__lte=timezone.now())
    for mail in late[:_BATCH]:
        log.warning(
            "mail_failed", mail=str(mail.mail_id), kind=mail.kind, reason="late"
        )
        _end(mail, State.FAILED, counts, mail.fault or "late")


def _count(outcome: str, counts: Counter[str]) -> None:
    counts[outcome] += 1
    meters.count_mail(outcome)
