"""The forms of settings. Each refuses a value with a sentence after the setting's name.

A value that may hold a password or a key is in no sentence.
"""

import os
import re
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

import dj_database_url
from environs import ValidationError

from nsadmin.transfer import ways

_MAIL_TLS: Final = ("starttls", "implicit", "none")
_LOG_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_HOST: Final = re.compile(
    r"(\.?[A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\])(:(\d{1,5}|\*))?"
)
_ENGINES: Final = {
    "django.db.backends.postgresql": "PostgreSQL",
    "django.db.backends.sqlite3": "SQLite",
}

Rule = Callable[[str], object]
ListRule = Callable[[Iterable[str]], object]


def within(
    convert: Callable[[str], float], kind: str, least: float, most: float
) -> Rule:
    """A number from `least` to `most`, of a kind such as "a whole number"."""

    def rule(value: str) -> None:
        try:
            is_within = least <= convert(value) <= most
        except ValueError:
            is_within = False
        if not is_within:
            raise ValidationError(
                f"is {value!r}; it has to be {kind} from {least:,} to {most:,}."
            )

    return rule


def log_level(value: str) -> None:
    """A level of Python's logs, in capitals or not."""
    _one_of(_LOG_LEVELS, value.upper(), f"is {value!r}")


def mail_tls(value: str) -> None:
    """A way in which mails are encrypted on their way."""
    _one_of(_MAIL_TLS, value, f"is {value!r}")


def _one_of(permitted: Sequence[str], value: str, said: str) -> None:
    if value not in permitted:
        raise ValidationError(f"{said}; permitted are {', '.join(permitted)}.")


def each(is_permitted: Callable[[str], bool], said: str) -> ListRule:
    """A list of which every entry is permitted; all others are named at once."""

    def rule(values: Iterable[str]) -> None:
        wrong = [repr(value) for value in values if not is_permitted(value)]
        if wrong:
            raise ValidationError(f"has {', '.join(wrong)}; {said}")

    return rule


def _is_port(value: str) -> bool:
    return value.isdecimal() and 1 <= int(value) <= 65_535


def _is_host(value: str) -> bool:
    return _HOST.fullmatch(value) is not None


def _is_origin(value: str) -> bool:
    found = _split(value)
    return found is not None and value == f"{found.scheme}://{found.netloc}"


# Ports of TCP.
ports = each(_is_port, "a port is a number from 1 to 65535.")
# Ways in which points can be brought.
transfer_ways = each(ways.ALL.__contains__, f"permitted are {', '.join(ways.ALL)}.")
# Names of hosts, with a port or not; `*` alone would take any Host header.
hosts = each(
    _is_host,
    "it lists names of hosts, such as console.example or console.example:8443, without "
    "https://, path or * as a name.",
)
# Schemes, each with a host and perhaps a port, as a browser names where a form is from.
origins = each(
    _is_origin, "it lists origins, such as https://admin.example, without path."
)


def rate(value: str) -> None:
    """A number of requests in a time, as `limits` reads it."""
    from limits import parse

    try:
        amount = parse(value).amount
    except ValueError:
        amount = 0
    if amount < 1:
        raise ValidationError(
            f"is {value!r}; it has to be 1 or more in a time, such as 600/minute."
        )


def address(value: str) -> None:
    """An address of HTTP."""
    if _split(value) is None:
        raise ValidationError(
            "is no address with http:// or https://, such as http://host:6333."
        )


def sentry_dsn(value: str) -> None:
    """An address of HTTP with a key and, at its end, the number of a project."""
    found = _split(value)
    is_whole = found and found.username and found.path.rpartition("/")[2].isdecimal()
    if not is_whole:
        raise ValidationError("is no DSN, such as https://key@sentry.example/1.")


def _split(value: str) -> SplitResult | None:
    """Return the parts of an address of HTTP; None if it is none."""
    try:
        found = urlsplit(value)
        has_port = found.port is None or found.port > 0
    except ValueError:
        return None
    is_http = found.scheme in ("http", "https") and bool(found.hostname)
    is_one_word = not re.search(r"\s", value)
    return found if is_http and has_port and is_one_word else None


def database(value: str) -> None:
    """An address of PostgreSQL, whose driver is installed, or of SQLite."""
    try:
        engine = dj_database_url.parse(value)["ENGINE"]
    except ValueError:  # what the library raises, all of it
        engine = ""
    if engine not in _ENGINES:
        raise ValidationError(
            "is no address of PostgreSQL or SQLite, such as "
            "postgres://user@host/nsadmin or sqlite:////var/lib/nsadmin/db.sqlite3."
        )
    if _ENGINES[engine] == "PostgreSQL" and find_spec("psycopg") is None:
        raise ValidationError(
            "is an address of PostgreSQL, but the extra “postgres” is not installed: "
            "pip install nsadmin[postgres]."
        )


def folder(value: str) -> None:
    """A folder that this process may write into; it is made if it is not there."""
    if not _may_write_into(Path(value)):
        raise ValidationError(
            f"is {value!r}; it has to be a folder that this process may write into."
        )


def file_to_write(value: str) -> None:
    """A file in a folder that this process may write into, which is made as well."""
    path = Path(value)
    if not _may_write_into(path.parent) or path.is_dir():
        raise ValidationError(
            f"is {value!r}; it has to be a file in a folder that this process may "
            "write into."
        )


def _may_write_into(path: Path) -> bool:
    try:
        path.mkdir(parents=True, exist_ok=True)
        return os.access(path, os.W_OK | os.X_OK)
    except OSError:
        return False
