"""Why a mail was not sent: in words for an operator, and whether another try helps.

A server's own text is shown to the operator who tests, and kept nowhere: it may repeat
parts of the mail, such as a link.
"""

import smtplib
import ssl
from dataclasses import dataclass
from typing import Literal

from django.conf import settings

from nsadmin.errors import Unavailable
from nsadmin.mail.letters import one_line

Reason = Literal[
    "unreachable",
    "timeout",
    "tls",
    "authentication",
    "disconnected",
    "server",
    "sender",
    "recipient",
    "content",
    "folder",
    "other",
]
_LONGEST_ANSWER = 300


@dataclass(frozen=True, slots=True)
class Failure:
    """A try that failed.

    `code` is the SMTP status, 0 without one. `is_final` if no try will succeed;
    `is_of_server` if it would hit every other mail as well. `answer` is the server's
    own text.
    """

    reason: Reason
    message: str
    code: int = 0
    answer: str = ""
    is_final: bool = False
    is_of_server: bool = True

    @property
    def fault(self) -> str:
        """The reason in a few words, without anything that the server said."""
        return f"{self.reason} {self.code}" if self.code else self.reason


def failure_of(error: Exception) -> Failure:
    """Return what an exception of a mail backend means."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            code, text = next(iter(error.recipients.values()), (0, b""))
            return _refused("recipient", "the address of the recipient", code, text)
        case smtplib.SMTPSenderRefused():
            code, text = error.smtp_code, error.smtp_error
            return _refused("sender", "the address of the sender", code, text)
        case smtplib.SMTPDataError():
            return _refused("content", "the mail", error.smtp_code, error.smtp_error)
        case smtplib.SMTPAuthenticationError():
            return _answered(
                "authentication", "did not accept the user and the password", error
            )
        case smtplib.SMTPResponseException() if error.smtp_code < 0:
            return Failure("server", "What answers there is no mail server.")
        case smtplib.SMTPResponseException():
            return _answered("server", "refused the connection", error)
        case smtplib.SMTPNotSupportedError():
            return _unsupported(error)
        case _:
            return _without_answer(error)


def _refused(reason: Reason, what: str, code: int, text: bytes | str) -> Failure:
    """Return the failure of one mail: final from 500 on; 421 ends the connection."""
    return Failure(
        reason,
        f"The server refused {what} ({code}).",
        code,
        _plain(text),
        is_final=code >= 500,
        is_of_server=code == 421,
    )


def _answered(
    reason: Reason, what: str, error: smtplib.SMTPResponseException
) -> Failure:
    message = f"The server {what} ({error.smtp_code})."
    return Failure(reason, message, error.smtp_code, _plain(error.smtp_error))


def _unsupported(error: smtplib.SMTPNotSupportedError) -> Failure:
    if "STARTTLS" in str(error):
        return Failure("tls", "The server does not offer STARTTLS.")
    return Failure("authentication", "The server offers no way to sign in.")


def _without_answer(error: Exception) -> Failure:
    """Return the failure of a server that did not answer, or not in SMTP."""
    match error:
        case TimeoutError():
            within = f"{settings.EMAIL_TIMEOUT:g} s"
            return Failure("timeout", f"The server did not answer within {within}.")
        case ssl.SSLCertVerificationError():
            why = one_line(error.verify_message)
            return Failure("tls", f"The server's certificate is not trusted: {why}.")
        case ssl.SSLError():
            return Failure("tls", "The server does not speak TLS as it is expected.")
        case Unavailable():
            return Failure("unreachable", "The host name cannot be resolved.")
        case ConnectionRefusedError():
            return Failure("unreachable", "Nothing listens at this host and port.")
        case smtplib.SMTPServerDisconnected() | ConnectionError():
            return Failure("disconnected", "The server closed the connection.")
        case OSError() if settings.NSADMIN_MAIL_WAY == "file":
            return Failure("folder", "The folder of the mails cannot be written.")
        case OSError():
            why = error.strerror or "no connection"
            return Failure("unreachable", f"The server cannot be reached: {why}.")
    return Failure("other", "The mail could not be made.", is_of_server=False)


def _plain(text: bytes | str) -> str:
    told = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
    return one_line(told, _LONGEST_ANSWER)
