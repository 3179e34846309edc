"""A mail server, and settings that lead to it."""

from collections.abc import Callable, Iterator

import pytest

from nsadmin.stores import redis
from tests.mail.servers import Inbox, mail_server
from tests.tls_front import HOST, Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("mail-authority"))


@pytest.fixture
def led_to(settings) -> Callable[..., None]:
    """Send mails to a port of this machine."""

    def lead(port: int, *, tls: str = "none", timeout_s: float = 5) -> None:
        settings.NSADMIN_MAIL_WAY = "smtp"
        settings.EMAIL_BACKEND = "nsadmin.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = HOST, port
        settings.NSADMIN_MAIL_TLS = tls
        settings.EMAIL_USE_TLS = tls == "starttls"
        settings.EMAIL_USE_SSL = tls == "implicit"
        settings.EMAIL_TIMEOUT = timeout_s
        settings.DEFAULT_FROM_EMAIL = "nsadmin <nsadmin@northlight.example>"

    return lead


@pytest.fixture
def inbox(led_to, db) -> Iterator[Inbox]:
    """A server that takes every mail."""
    with mail_server() as found:
        led_to(found.port)
        yield found


@pytest.fixture(autouse=True)
def _no_pause(_wired) -> None:
    """A server that failed in the test before is not left alone in this one."""
    redis.release("mail")
