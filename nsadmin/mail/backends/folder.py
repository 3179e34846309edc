"""Mails as files that a mail program opens, for a machine without a mail server."""

import os
import re
import secrets
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

_ODD = re.compile(r"[^\w.@-]+", re.ASCII)


class EmailBackend(BaseEmailBackend):
    """Writes mails into the folder NSADMIN_MAIL_DIR, for its owner alone."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write the mails; raise OSError if the folder cannot be written."""
        folder = Path(settings.EMAIL_FILE_PATH)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for message in email_messages:
            to = _ODD.sub("-", ",".join(message.recipients()))[:80]
            name = f"{timezone.now():%Y%m%d-%H%M%S}-{to}-{secrets.token_hex(3)}.eml"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            with os.fdopen(os.open(folder / name, flags, 0o600), "wb") as file:
                file.write(message.message().as_bytes())
        return len(email_messages)
