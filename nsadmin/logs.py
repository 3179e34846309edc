"""Removes from log lines the links that set a password or accept an invitation."""

import re
from collections.abc import MutableMapping
from typing import Any

_LINK = re.compile(r"((?:/password/reset/key|/join)/)[^/\s?&\"']+")


def without_links(
    logger: Any,  # noqa: ARG001 - the signature is structlog's
    method: str,  # noqa: ARG001
    event: MutableMapping[str, Any],
) -> MutableMapping[str, Any]:
    """Return the event with the secret part of every such link removed."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = without_link(value)
    return event


def without_link(text: str) -> str:
    """Return the text with the secret part of every such link removed."""
    return _LINK.sub(r"\1…", text)
