"""`manage.py mail test EMAIL`."""

import uuid
from argparse import ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import get_connection
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from nsadmin.mail import outbox
from nsadmin.mail.delivery import message_of
from nsadmin.mail.failures import failure_of
from nsadmin.mail.letters import render


class Command(BaseCommand):
    """Sends one mail at once, without the queue, and says what happened."""

    help = (
        "Send one mail with the settings NSADMIN_MAIL_… Exit status: 0 if the server "
        "took it, 1 if not."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the verb `test` and its address."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        test = verbs.add_parser("test", help="send one mail to an address")
        test.add_argument("email", type=_address)

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Send it; name the cause if it was not taken."""
        if not outbox.is_on():
            raise CommandError(
                "No mail is configured. Set NSADMIN_MAIL_HOST and NSADMIN_MAIL_FROM."
            )
        mail_id = uuid.uuid4()
        message = message_of(options["email"], render("test", {}), mail_id)
        connection = get_connection()
        try:
            connection.open()
            connection.send_messages([message])
        except Exception as error:
            failure = failure_of(error)
            if failure.reason == "other":
                raise
            said = f"\nThe server said: {failure.answer}" if failure.answer else ""
            raise CommandError(f"{_where()}: {failure.message}{said}") from None
        finally:
            connection.close()
        self.stdout.write(
            f"{_where()}: the mail to {options['email']} was taken, from "
            f"{settings.DEFAULT_FROM_EMAIL}. Its Message-ID begins with {mail_id}."
        )


def _address(text: str) -> str:
    try:
        validate_email(text)
    except ValidationError:
        raise ArgumentTypeError(f"{text!r} is not an e-mail address") from None
    return text


def _where() -> str:
    """Return where mails go, and how."""
    match settings.NSADMIN_MAIL_WAY:
        case "file":
            return f"The folder {settings.EMAIL_FILE_PATH}"
        case "console":
            return "The console"
    tls = {"starttls": "STARTTLS", "implicit": "TLS"}
    how = tls.get(settings.NSADMIN_MAIL_TLS, "no TLS")
    user = f", user {settings.EMAIL_HOST_USER}" if settings.EMAIL_HOST_USER else ""
    return f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT} with {how}{user}"
