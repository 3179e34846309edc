"""Masks secrets in audit records; a record shows only that a secret is set."""

import re
from typing import Any

MASK = "••••••"
_SECRET = re.compile(
    r"(^|_)(api_?key|secret|password|passphrase|token|sealed)$", re.IGNORECASE
)
_USER_INFO = re.compile(r"(?<=://)[^/@\s]+(?=@)")


def mask(value: Any) -> Any:
    """Return the value with secrets and credentials in addresses replaced by dots."""
    if isinstance(value, dict):
        found = {
            key: MASK if _hides(key, inner) else mask(inner)
            for key, inner in value.items()
        }
        if isinstance(found.get("field"), str) and _SECRET.search(found["field"]):
            found |= {k: MASK for k in ("before", "after") if found.get(k)}
        return found
    if isinstance(value, (list, tuple)):
        return [mask(inner) for inner in value]
    return _USER_INFO.sub(MASK, value) if isinstance(value, str) else value


def _hides(key: Any, value: Any) -> bool:
    """Whether the key names a secret that is set; an empty value may be shown."""
    return isinstance(value, (str, dict)) and bool(value and _SECRET.search(str(key)))
