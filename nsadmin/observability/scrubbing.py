"""Takes secrets out of texts that leave for another service."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings

from nsadmin.logs import without_link

REMOVED = "[removed]"
# Passwords in addresses, queries of addresses, and the keys that this program issues.
_PATTERNS = (
    (re.compile(r"(?<=://)[^/\s@]+@"), f"{REMOVED}@"),
    (re.compile(r"(?<=://)([^\s?#'\"]+)[?#][^\s'\"]+"), rf"\1?{REMOVED}"),
    (re.compile(r"\b(?:sk_|whsec_)[\w+/=-]+"), REMOVED),
    (re.compile(r"(?i)\b(bearer|basic) [\w.+/=~-]+"), rf"\1 {REMOVED}"),
)
_SETTINGS = (
    "SECRET_KEY",
    "NSADMIN_KEY_PEPPER",
    "NSADMIN_QDRANT_API_KEY",
    "NSADMIN_METRICS_KEY",
    "NSADMIN_REPROCESS_WEBHOOK_SECRET",
    "NSADMIN_MAIL_PASSWORD",
)
_ADDRESSES = (
    "NSADMIN_MONGODB_URL",
    "NSADMIN_QDRANT_URL",
    "NSADMIN_REDIS_URL",
    "NSADMIN_DATABASE_URL",
)
# A shorter value would be found in harmless words.
_SHORTEST = 4


def scrubbed(text: str) -> str:
    """Return a text without the secrets of the settings, of addresses and of links."""
    for secret in _own():
        text = text.replace(secret, REMOVED)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return without_link(text)


def _own() -> Iterator[str]:
    """Yield the secrets of the settings."""
    values = [getattr(settings, name, "") for name in _SETTINGS]
    values += [entry.partition(":")[2] for entry in settings.NSADMIN_SEAL_KEYS]
    values += [urlsplit(getattr(settings, name)).password for name in _ADDRESSES]
    yield from (value for value in values if value and len(value) >= _SHORTEST)
