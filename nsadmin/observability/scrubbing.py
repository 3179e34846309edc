"""Takes secrets out of texts that leave for another service."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, quote, unquote

from django.conf import settings

from nsadmin.access.providers import configured
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
    for name in _ADDRESSES:
        values += _passwords_of(getattr(settings, name))
    values += configured.secrets()
    yield from (value for value in values if value and len(value) >= _SHORTEST)


def _passwords_of(url: str) -> Iterator[str]:
    """Yield the passwords of an address, as they are written there and as they are.

    One that names several hosts, or is wrong, is read too.
    """
    rest = url.partition("://")[2]
    user = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[0]
    written = user.partition(":")[2]
    yield from (written, unquote(written))
    for name, value in parse_qsl(rest.partition("?")[2]):
        if name.lower().endswith("password"):
            yield from (value, quote(value, safe=""))
