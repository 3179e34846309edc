"""The files that commands are given."""

import sys
from pathlib import Path

from django.core.management.base import CommandError


def read_text(file: str, *, most_bytes: int = -1) -> str:
    """Return the text of a file; - is standard input, of which `most_bytes` are read.

    Raises CommandError if the file cannot be read or is not text in UTF-8.
    """
    try:
        content = (
            sys.stdin.buffer.read(most_bytes)
            if file == "-"
            else Path(file).read_bytes()
        )
        return content.decode("utf-8-sig")
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise CommandError(f"{file} is not text in UTF-8.") from None
