"""Masks secrets in audit records; a record shows only that a secret is set."""

import re
from typing import Any

MASK = "••••••"
_SECRET = re.compile(
    r"(^|[_.-])(api[_-]?key|access[_-]?key|private[_-]?key|secret|password|passphrase"
    r"|token|authorization|cookie|credentials?|sealed)$",
    re.IGNORECASE,
)
# `accessToken` is read as `access_Token`.
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BEARER = re.compile(r"(?i)(?<=\bbearer )\S{8,}")
_USER_INFO = re.compile(r"(?<=://)[^/@\s]+(?=@)")


def mask(value: Any) -> Any:
    """Return the value with secrets and credentials in addresses replaced by dots."""
    if isinstance(value, dict):
        found = {
            key: MASK if _hides(key, inner) else mask(inner)
            for key, inner in value.items()
        }
        if isinstance(found.get("field"), str) and _is_secret(found["field"]):
            found |= {k: MASK for k in ("before", "after") if found.get(k)}
        return found
    if isinstance(value, (list, tuple)):
        return [mask(inner) for inner in value]
    if isinstance(value, str):
        return _BEARER.sub(MASK, _USER_INFO.sub(MASK, value))
    return value


def _is_secret(name: str) -> bool:
    return bool(_SECRET.search(_CAMEL.sub("_", name)))


def _hides(key: Any, value: Any) -> bool:
    """Whether the key names a secret that is set; an empty value may be shown."""
    return isinstance(value, (str, dict)) and bool(value and _is_secret(str(key)))
