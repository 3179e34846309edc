"""What log lines leave out: links that are secrets, tracebacks that tell nothing."""

import logging
import re
from collections.abc import MutableMapping
from typing import Any

# How the driver of Redis prints a Sentinel: each option of the connection.
_SENTINEL = re.compile(
    r"<redis\.client\.Redis\(.*?,host=([^,]+),port=(\d+).*?\)>\)>\)>"
)
_LINK = re.compile(r"((?:/password/reset/key|/join)/)[^/\s?&\"']+")


class AsWarning(logging.Filter):
    """Makes a warning without traceback of each line of a logger.

    For what Django logs as an error though a request alone is wrong.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the line, and keep it."""
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.exc_info = record.exc_text = None
        return True


def without_secrets(
    logger: Any,  # noqa: ARG001 - the signature is structlog's
    method: str,  # noqa: ARG001
    event: MutableMapping[str, Any],
) -> MutableMapping[str, Any]:
    """Return the event without secret parts of links and options of connections."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = with_short_sentinels(without_link(value))
    return event


def without_link(text: str) -> str:
    """Return the text with the secret part of every such link removed."""
    return _LINK.sub(r"\1…", text)


def with_short_sentinels(text: str) -> str:
    """Return the text with each Sentinel of Redis printed as its host and port."""
    return _SENTINEL.sub(r"\1:\2", text) if "redis.client" in text else text
