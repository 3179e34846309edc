"""Mail servers: one that answers as it is told, one silent, one that answers slowly."""

# ruff: noqa: ARG002, N802 - aiosmtpd calls the methods by these names

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.tls_front import HOST, Authority

USER, PASSWORD = "postbox", "a password of the postbox"


@dataclass
class Inbox:
    """A handler of aiosmtpd. It keeps mails, and answers from a list first."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    # Answers of the next RCPT and DATA commands; then all is accepted.
    to_recipients: list[str] = field(default_factory=list)
    to_data: list[str] = field(default_factory=list)
    greeted: list[str] = field(default_factory=list)
    is_secret: list[bool] = field(default_factory=list)

    async def handle_MAIL(self, server, session, envelope, address, options) -> str:
        self.greeted.append(session.host_name)
        self.is_secret.append(session.ssl is not None)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options) -> str:
        if self.to_recipients and (answer := self.to_recipients.pop(0)):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope) -> str:
        if self.to_data and (answer := self.to_data.pop(0)):
            return answer
        found: Any = message_from_bytes(envelope.content, policy=policy.default)
        self.mails.append(found)
        self.recipients += envelope.rcpt_tos
        self.senders.append(envelope.mail_from)
        return "250 OK"

    def text(self, number: int = -1) -> str:
        """The plain text of a mail."""
        return self.mails[number].get_body(("plain",)).get_content()

    def html(self, number: int = -1) -> str:
        return self.mails[number].get_body(("html",)).get_content()


def _authenticate(server, session, envelope, mechanism, data) -> AuthResult:
    is_right = isinstance(data, LoginPassword) and (
        (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    )
    return AuthResult(success=is_right, handled=is_right)


@contextmanager
def mail_server(
    authority: Authority | None = None, *, wants_user: bool = False
) -> Iterator[Inbox]:
    """A server at a free port; with an authority it offers STARTTLS."""
    inbox = Inbox()
    given: dict[str, Any] = {}
    if authority is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(authority.chain_file, authority.key_file)
        given = {"tls_context": context, "require_starttls": True}
    if wants_user:
        given |= {"authenticator": _authenticate, "auth_required": True}
    controller = Controller(inbox, hostname=HOST, port=free_port(), **given)
    controller.start()
    inbox.port = controller.port
    try:
        yield inbox
    finally:
        controller.stop()


def free_port() -> int:
    with socket.create_server((HOST, 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def answering(greeting: bytes, *, every_s: float = 0.0) -> Iterator[int]:
    """A server that accepts, and sends a greeting byte by byte, or nothing."""
    is_over = threading.Event()
    taken: list[socket.socket] = []

    def serve(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                taken.append(connection)
                for byte in greeting:
                    connection.sendall(bytes([byte]))
                    if is_over.wait(every_s):
                        return

    with socket.create_server((HOST, 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            is_over.set()
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            for connection in taken:
                connection.close()
