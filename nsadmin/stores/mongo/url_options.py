"""The options of a client: those of its URL, and our defaults where the URL is silent.

The driver lets an argument win over the URL, so an argument is given only for an option
that the URL does not have.
"""

import re
import warnings
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri
from pymongo.write_concern import WriteConcern

# Retryable writes and reads are the driver's own default.
_DEFAULTS: Final[dict[str, Any]] = {
    "serverSelectionTimeoutMS": 800,
    "connectTimeoutMS": 800,
    "socketTimeoutMS": 10_000,
    "appname": "nsadmin",
}
_TLS: Final = {"tls", "ssl"}


def named(url: str) -> dict[str, str]:
    """Return the options of a URL by their names in lower case."""
    pairs = re.split("[&;]", url.partition("?")[2])
    found = (pair.partition("=") for pair in pairs if pair)
    return {name.lower(): unquote(value) for name, _, value in found}


def client_options(url: str, *, ca_file: str = "") -> dict[str, Any]:
    """Return the arguments of a client for this URL.

    `ca_file` has the certificates of a private authority; it implies TLS.
    """
    given = named(url)
    ours = dict(_DEFAULTS)
    if ca_file:
        ours["tlsCAFile"] = ca_file
        if not _TLS & given.keys():
            ours["tls"] = True
    return {name: value for name, value in ours.items() if name.lower() not in given}


def write_concern(given: WriteConcern) -> WriteConcern:
    """Return the write concern of a URL; what it leaves out is majority and journal.

    Without those a primary that fails could lose a write that was reported as done.
    """
    told = dict(given.document)
    if "w" not in told:
        told["w"] = "majority"
    if told["w"] == "majority":
        told.setdefault("j", True)
    return WriteConcern(**told)


def names_database(url: str) -> bool:
    """Tell whether a URL has a database in its path."""
    return bool(urlsplit(url).path.strip("/"))


def fault_of(url: str) -> str:
    """Return why this URL cannot be used, as a sentence; "" if it can.

    Of an address of `mongodb+srv`, which is read by asking its domain, only the options
    are looked at.
    """
    try:
        with warnings.catch_warnings(action="ignore"):
            if not url.startswith("mongodb+srv://"):
                parse_uri(url, warn=True)
    except (PyMongoError, ValueError, TypeError):
        return "It is no address of MongoDB; a password in it is percent-encoded."
    if named(url).get("w") == "0":
        return "It has w=0, so no write would be confirmed."
    return ""
