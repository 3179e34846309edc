"""Mails to people: what they say, and one attempt to send one.

What is due for a person at the same time is one mail, so that many events at once do
not fill a mailbox.
"""

import unicodedata
from collections.abc import Sequence
from datetime import timedelta
from smtplib import SMTPException
from typing import Final

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from nsadmin import meters
from nsadmin.access.models import Organization, User
from nsadmin.names import clip
from nsadmin.notifications import kinds
from nsadmin.notifications.models import Delivery, DeliveryState, Event
from nsadmin.notifications.sending import links
from nsadmin.notifications.sending.attempts import take
from nsadmin.stores import webhook as wire

log = structlog.get_logger(__name__)

MOST_IN_ONE: Final = 500
_MOST_LINES: Final = 50
_MOST_SUBJECT: Final = 120
_TIMEOUT_S: Final = 10
_SMTP: Final = "django.core.mail.backends.smtp.EmailBackend"
_NOT_SENT: Final = "The mail server did not take the mail."


def is_configured() -> bool:
    """Tell whether this installation sends mail."""
    is_smtp = settings.EMAIL_BACKEND == _SMTP
    return not is_smtp or settings.EMAIL_HOST not in ("", "localhost")


def send(rows: Sequence[Delivery]) -> bool:
    """Send what is due for one person as one mail; False if the server failed.

    Whoever is no member any more gets nothing. The rows have one user and one
    organization.
    """
    taken = [row for row in rows if take(row)]
    if not taken:
        return True
    user, organization_id = taken[0].user, taken[0].organization_id
    organization = _organization_of(user, organization_id)
    if user is None or organization is None:
        _end(taken, DeliveryState.FAILED, "The person is no member any more.")
        return True
    try:
        _mail(user, organization, taken).send()
    except (SMTPException, OSError, ValueError) as failure:
        log.warning("mail_not_sent", reason=type(failure).__name__)
        for row in taken:
            _postpone(row)
        return False
    _end(taken, DeliveryState.SENT, "")
    return True


def _organization_of(user: User | None, organization_id: str) -> Organization | None:
    if user is None or not user.is_active:
        return None
    rows = Organization.objects.filter(memberships__user=user, suspended_at=None)
    return rows.filter(organization_id=organization_id).first()


def _end(rows: Sequence[Delivery], state: DeliveryState, error: str) -> None:
    found = Delivery.objects.filter(
        pk__in=[row.pk for row in rows], state=DeliveryState.WAITING
    )
    found.update(state=state, next_at=None, error=error)
    for _ in rows:
        meters.count_delivery("mail", str(state))


def _postpone(row: Delivery) -> None:
    pause = wire.pause_s(row.attempts)
    if pause is None:
        _end([row], DeliveryState.FAILED, _NOT_SENT)
        return
    rows = Delivery.objects.filter(pk=row.pk, attempts=row.attempts)
    next_at = timezone.now() + timedelta(seconds=pause)
    rows.filter(state=DeliveryState.WAITING).update(next_at=next_at, error=_NOT_SENT)
    meters.count_delivery("mail", "retried")


def _mail(
    user: User, organization: Organization, rows: Sequence[Delivery]
) -> EmailMultiAlternatives:
    events = [row.event for row in rows]
    choices = links.choices()
    headers = {
        "Auto-Submitted": "auto-generated",
        "Message-ID": f"<{rows[0].message_id}@nsadmin>",
    }
    if choices:
        headers["List-Unsubscribe"] = f"<{choices}>"
    mail = EmailMultiAlternatives(
        subject=_subject(events, organization),
        body=_text(events, organization, choices),
        to=[user.email],
        headers=headers,
        connection=get_connection(timeout=_TIMEOUT_S),
    )
    mail.attach_alternative(_html(events, organization, choices), "text/html")
    return mail


def _subject(events: Sequence[Event], organization: Organization) -> str:
    urgent = [event for event in events if event.kind == kinds.BREAK_GLASS]
    first = (urgent or events)[0]
    told = kinds.sentence(first.kind, first.facts)
    if len(events) > 1:
        told = f"{told} And {len(events) - 1:,} more"
    return clip(_one_line(f"[{organization.name}] {told}"), _MOST_SUBJECT)


def _one_line(text: str) -> str:
    """Return a text for a header: names in the store may contain line breaks."""
    signs = (" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    return " ".join("".join(signs).split())


def _lines(events: Sequence[Event]) -> list[tuple[str, str]]:
    """Return (sentence, address of the page) of the events that are written out."""
    return [
        (_one_line(kinds.sentence(event.kind, event.facts)), links.page_of(event))
        for event in events[:_MOST_LINES]
    ]


def _rest(events: Sequence[Event]) -> str:
    more = len(events) - _MOST_LINES
    return f"And {more:,} more." if more > 0 else ""


def _text(events: Sequence[Event], organization: Organization, choices: str) -> str:
    parts = [f"{said}\n{page}".strip() for said, page in _lines(events)]
    parts += [rest] if (rest := _rest(events)) else []
    parts.append(_foot(organization))
    parts += [choices] if choices else []
    return "\n\n".join(parts) + "\n"


def _html(
    events: Sequence[Event], organization: Organization, choices: str
) -> SafeString:
    lines = [
        (format_html('<a href="{}">{}</a>', page, said) if page else said,)
        for said, page in _lines(events)
    ]
    rest = _rest(events)
    if rest:
        lines.append((rest,))
    foot: str | SafeString = _foot(organization)
    if choices:
        foot = format_html('{} <a href="{}">Choose your mails</a>', foot, choices)
    return format_html("{}<p><small>{}</small></p>", _paragraphs(lines), foot)


def _paragraphs(lines: Sequence[tuple[str | SafeString]]) -> SafeString:
    return format_html_join("", "<p>{}</p>", lines)


def _foot(organization: Organization) -> str:
    return (
        f"You get this mail as a member of {_one_line(organization.name)}. "
        "On the page of your account you choose which mails you get."
    )
