"""A mail server that is given a limited time, however slowly it answers.

Django's timeout holds for each read of the socket, so a server that sends one byte at
a time could keep a worker for hours. Here a timer breaks the connection.
"""

import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends import smtp
from django.utils.functional import cached_property

from nsadmin.mail.letters import sender_domain
from nsadmin.stores.name_resolution import Lane, resolve

_READY: Final = 220
_GOODBYE_S: Final = 2.0
# The timeout of the socket, which smtplib does not tell from an end of the connection,
# comes so much after that of the timer.
_AFTER_S: Final = 1.0


class _Connection(smtplib.SMTP):
    """A connection whose host is resolved within its time, and that can be broken."""

    # The same connection once more: TLS takes the socket itself away.
    _twin: socket.socket | None = None

    def connect(
        self,
        host: str = "localhost",
        port: int = 0,
        source_address: Any = None,
    ) -> tuple[int, bytes]:
        """Connect; the certificate has to be that of the host.

        Raises SMTPConnectError for a server that is not ready.
        """
        self._host = host
        code, said = super().connect(host, port, source_address)
        if code != _READY:
            raise smtplib.SMTPConnectError(code, said)
        return code, said

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        within_s = timeout - _AFTER_S
        ends_at = time.monotonic() + within_s
        failure: OSError = TimeoutError()
        for address in resolve(host, port, lane=Lane.OPERATOR, within_s=within_s):
            left = ends_at - time.monotonic()
            if left <= 0:
                break
            try:
                made = socket.create_connection((str(address), port), left)
            except OSError as error:
                failure = error
            else:
                made.settimeout(timeout)
                self._twin = made.dup()
                return made
        raise failure

    def interrupt(self) -> None:
        """End what waits for the server, from another thread."""
        if self._twin is not None:
            with suppress(OSError):
                self._twin.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        super().close()
        if self._twin is not None:
            self._twin.close()


class _TlsConnection(smtplib.SMTP_SSL, _Connection):
    """The same with TLS from the first byte."""


class EmailBackend(smtp.EmailBackend):
    """Django's, with our authority, and EMAIL_TIMEOUT for the sign-in and each mail."""

    connection: _Connection | None

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        """Certificates are verified; by the private authority if one is set."""
        return ssl.create_default_context(cafile=settings.NSADMIN_MAIL_CA_FILE or None)

    def open(self) -> bool:
        """Connect and sign in; return False if that was done before.

        Raises TimeoutError when the time is over, else what smtplib raises.
        """
        if self.connection is not None:
            return False
        made = self._new_connection()
        try:
            with self._in_time(made):
                made.connect(self.host, self.port)
                if self.use_tls:
                    made.starttls(context=self.ssl_context)
                if self.username:
                    made.login(self.username, self.password)
        except BaseException:
            made.close()
            raise
        self.connection = made
        return True

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Send the messages, each within the time; raise as `open` does."""
        is_new = bool(email_messages) and self.open()
        try:
            for message in email_messages:
                if self.connection is not None:
                    with self._in_time(self.connection):
                        self._send(message)  # type: ignore[attr-defined]
        finally:
            if is_new:
                self.close()
        return len(email_messages)

    def close(self) -> None:
        """End the connection; a server that does not say goodbye is not waited for."""
        ended, self.connection = self.connection, None
        if ended is None:
            return
        with suppress(OSError), self._in_time(ended, most_s=_GOODBYE_S):
            ended.quit()
        ended.close()

    def _new_connection(self) -> _Connection:
        # The name for the greeting; asking for this machine's own may take long.
        name, timeout = sender_domain(), settings.EMAIL_TIMEOUT + _AFTER_S
        given: Any = {"local_hostname": name, "timeout": timeout}
        if self.use_ssl:
            return _TlsConnection(context=self.ssl_context, **given)
        return _Connection(**given)

    @contextmanager
    def _in_time(
        self, connection: _Connection, most_s: float | None = None
    ) -> Iterator[None]:
        """Break the connection when its time is over; raise TimeoutError then."""
        is_late = threading.Event()

        def end() -> None:
            is_late.set()
            connection.interrupt()

        timer = threading.Timer(most_s or settings.EMAIL_TIMEOUT, end)
        timer.daemon = True
        timer.start()
        try:
            yield
        except OSError:
            if is_late.is_set():
                raise TimeoutError from None
            raise
        finally:
            timer.cancel()
