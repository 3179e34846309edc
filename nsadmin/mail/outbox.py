"""Asking for a mail: a row is written, and a worker sends it.

The row is part of the caller's transaction: what is rolled back sends nothing, and
what is committed loses no mail, even if Redis is away. The message to the worker holds
nothing; it only wakes it. A schedule finds the rows of messages that were lost.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from nsadmin.errors import Unavailable
from nsadmin.jobs.execution import dispatch
from nsadmin.mail.models import Mail, State
from nsadmin.stores.seal import Binding, Secret, seal, unseal

log = structlog.get_logger(__name__)

TASK: Final = "nsadmin.mail.deliver"
# Until then a mail is tried again.
LASTS: Final = timedelta(hours=24)
# A person cannot be flooded with mails of one kind, and an organization cannot use this
# server to write to many strangers.
MOST_PER_ADDRESS: Final = 10
MOST_PER_ORGANIZATION: Final = 200
_ADDRESS_TIME: Final = timedelta(hours=1)
_ORGANIZATION_TIME: Final = timedelta(days=1)
_KEPT: Final = timedelta(days=7)
_LONGEST_ADDRESS: Final = 254


def is_on() -> bool:
    """Tell whether this installation sends mails."""
    return str(settings.NSADMIN_MAIL_WAY) != "none"


def ask(
    kind: str,
    recipient: str,
    data: Mapping[str, Any],
    *,
    key: str | None = None,
    organization_id: str = "",
    lasts: timedelta = LASTS,
) -> bool:
    """Ask for a mail; return whether it will be tried.

    It will not without a configured way, for a `key` of this kind that was asked for
    already, for too long an address, and beyond the limits of the address and of the
    organization.
    `organization_id` is given if its members chose the address.
    """
    if not is_on() or not 0 < len(recipient) <= _LONGEST_ADDRESS:
        return False
    now, address = timezone.now(), recipient.lower()
    if _is_flooded(kind, address, organization_id, now):
        log.warning("mail_over_limit", kind=kind, organization_id=organization_id)
        return False
    mail = Mail(
        kind=kind,
        recipient=address,
        key=key,
        organization_id=organization_id,
        created_at=now,
        next_at=now,
        until=now + lasts,
    )
    mail.sealed = seal(Secret(json.dumps(data)), _binding(mail))
    try:
        with transaction.atomic():
            mail.save(force_insert=True)
    except IntegrityError:
        return False
    transaction.on_commit(wake)
    return True


def wake() -> None:
    """Wake a worker; without Redis the schedule sends the mail."""
    dispatch.send_task(TASK)


def data_of(mail: Mail) -> dict[str, Any] | None:
    """Return what a mail is made of; None if no configured key opens it."""
    try:
        text = unseal(mail.sealed, _binding(mail)).reveal()
    except Unavailable:
        return None
    data: dict[str, Any] = json.loads(text)
    return data


def state_of(kind: str, key: str) -> str:
    """Return the state of the mail with this key; "" if there is none."""
    found = Mail.objects.filter(kind=kind, key=key).values_list("state", flat=True)
    return found.first() or ""


def failed_keys(kind: str, organization_id: str) -> set[str]:
    """Return the keys of an organization's mails of a kind that were given up."""
    if not is_on():
        return set()
    rows = Mail.objects.filter(
        organization_id=organization_id, kind=kind, state=State.FAILED
    )
    return {key for key in rows.values_list("key", flat=True) if key}


def reseal() -> int:
    """Seal what waits with the current key; return the number that no key opens."""
    unreadable = 0
    for mail in Mail.objects.filter(state=State.WAITING).order_by("pk"):
        data = data_of(mail)
        if data is None:
            unreadable += 1
            continue
        sealed = seal(Secret(json.dumps(data)), _binding(mail))
        Mail.objects.filter(pk=mail.pk, state=State.WAITING).update(sealed=sealed)
    return unreadable


def old_mails() -> QuerySet[Mail]:
    """Return the mails that ended some days ago."""
    return Mail.objects.filter(ended_at__lt=timezone.now() - _KEPT)


def _binding(mail: Mail) -> Binding:
    return Binding("", "", "mail", str(mail.mail_id))


def _is_flooded(kind: str, address: str, organization_id: str, now: datetime) -> bool:
    of_kind = Mail.objects.filter(kind=kind)
    to_address = of_kind.filter(recipient=address, created_at__gt=now - _ADDRESS_TIME)
    if to_address[:MOST_PER_ADDRESS].count() >= MOST_PER_ADDRESS:
        return True
    if not organization_id:
        return False
    ours = of_kind.filter(
        organization_id=organization_id, created_at__gt=now - _ORGANIZATION_TIME
    )
    return ours[:MOST_PER_ORGANIZATION].count() >= MOST_PER_ORGANIZATION
