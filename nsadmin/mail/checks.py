"""System checks of the settings of mail."""

import re
from email.utils import getaddresses
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.checks import (
    CheckMessage,
    Error,
    Info,
    Warning,  # noqa: A004 - the name that Django gives it
    register,
)
from django.core.exceptions import ValidationError
from django.core.validators import validate_email, validate_ipv46_address

from nsadmin.stores import folders

TAG: Final = "nsadmin"
_WITHOUT_SERVER: Final = ("file", "console", "none")
_SENDING: Final = ("smtp", "file", "console")
_WAYS: Final = (*_SENDING, "none")
_E030 = "nsadmin.E030"
_HOST: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?")


@register(TAG)
def mail_settings(**_kwargs: Any) -> list[CheckMessage]:
    """E030 for each setting of mail that cannot be used, E031 for the sender."""
    way = settings.NSADMIN_MAIL_WAY
    found: list[CheckMessage] = []
    if way not in _WAYS:
        message = f"NSADMIN_MAIL_BACKEND is {way!r}."
        found.append(Error(message, hint=f"one of {', '.join(_WAYS)}", id=_E030))
    if way == "file" and not settings.NSADMIN_MAIL_DIR:
        message = "NSADMIN_MAIL_DIR is not set, but mails are kept as files."
        found.append(Error(message, hint="a folder of their own", id=_E030))
    if way == "smtp" and not settings.NSADMIN_MAIL_HOST:
        message, hint = "NSADMIN_MAIL_HOST is not set.", "the name of the mail server"
        found.append(Error(message, hint=hint, id=_E030))
    if way not in _WITHOUT_SERVER:
        found += [Error(m, hint=hint, id=_E030) for m, hint in _smtp_faults()]
    # What is missing for a way that is none is not known, only what is given and wrong.
    is_judged = way in _SENDING or (way not in _WAYS and settings.NSADMIN_MAIL_FROM)
    if is_judged and not _is_sender(settings.DEFAULT_FROM_EMAIL, way):
        message = "NSADMIN_MAIL_FROM is missing, or not one address."
        hint = "such as nsadmin@example.org, or nsadmin <nsadmin@example.org>"
        found.append(Error(message, hint=hint, id="nsadmin.E031"))
    return found


def _smtp_faults() -> list[tuple[str, str]]:
    """Return what is wrong with the settings of the server, each with a hint."""
    faults: list[tuple[str, str]] = []
    if settings.NSADMIN_MAIL_HOST and not _is_host(settings.NSADMIN_MAIL_HOST):
        hint = "such as mail.example.org; the port and the way of TLS stand beside it"
        faults.append(("NSADMIN_MAIL_HOST is not the name of a host.", hint))
    if bool(settings.NSADMIN_MAIL_USER) != bool(settings.NSADMIN_MAIL_PASSWORD):
        message = "Only one of NSADMIN_MAIL_USER and NSADMIN_MAIL_PASSWORD is set."
        faults.append((message, "both, or neither for a server that asks for none"))
    authority = settings.NSADMIN_MAIL_CA_FILE
    if authority and not Path(authority).is_file():
        message = "NSADMIN_MAIL_CA_FILE names no file."
        faults.append((message, "a file of PEM certificates that may be read"))
    return faults


def _is_host(text: str) -> bool:
    """Tell whether a text is the name of a host, or its address."""
    try:
        validate_ipv46_address(text)
    except ValidationError:
        return _HOST.fullmatch(text) is not None
    return True


def _is_sender(sender: str, way: str) -> bool:
    """Tell whether a sender is one address; files need none that exists."""
    if way in _WITHOUT_SERVER:
        return "\n" not in sender and "\r" not in sender
    if not settings.NSADMIN_MAIL_FROM or not sender.isprintable():
        return False
    addresses = getaddresses([sender])
    if len(addresses) != 1:
        return False
    try:
        validate_email(addresses[0][1])
    except ValidationError:
        return False
    return True


@register(TAG)
def mail_secrets(**_kwargs: Any) -> list[CheckMessage]:
    """W030 for a password that would be readable on its way, W031 for former names."""
    found: list[CheckMessage] = []
    if settings.NSADMIN_MAIL_TLS == "none" and settings.NSADMIN_MAIL_PASSWORD:
        message = "NSADMIN_MAIL_PASSWORD is sent to the mail server without TLS."
        hint = "NSADMIN_MAIL_TLS=starttls, or implicit; without TLS no password"
        found.append(Warning(message, hint=hint, id="nsadmin.W030"))
    for name in settings.NSADMIN_FORMER_MAIL:
        hint = "NSADMIN_MAIL_HOST and the settings beside it; see docs/mail.md"
        message = f"{name} is no longer read."
        found.append(Warning(message, hint=hint, id="nsadmin.W031"))
    return found


@register(TAG, deploy=True)
def mail_folder(**_kwargs: Any) -> list[CheckMessage]:
    """E032 for a folder of mails that this process may not write into."""
    folder = settings.NSADMIN_MAIL_DIR
    if settings.NSADMIN_MAIL_WAY != "file" or not folder or folders.can_be_made(folder):
        return []
    message = "NSADMIN_MAIL_DIR names a folder that this process may not write into."
    hint = "a folder of their own, which the workers may write into"
    return [Error(message, hint=hint, id="nsadmin.E032")]


@register(TAG, deploy=True)
def mail_that_is_not_sent(**_kwargs: Any) -> list[CheckMessage]:
    """I030 where no mail is sent, W032 where the links of mails go to the log."""
    way = settings.NSADMIN_MAIL_WAY
    if way == "console":
        message = "NSADMIN_MAIL_BACKEND=console writes the links of mails to the log."
        hint = "smtp, or file on a machine of one's own"
        return [Warning(message, hint=hint, id="nsadmin.W032")]
    if way != "none":
        return []
    message = "No mail is sent: people cannot reset their own passwords."
    hint = "NSADMIN_MAIL_HOST and NSADMIN_MAIL_FROM; see docs/mail.md"
    return [Info(message, hint=hint, id="nsadmin.I030")]
