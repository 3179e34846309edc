"""Rules for the name and the description of a namespace. Pure."""

import re
import unicodedata
from typing import Annotated

from nsadmin import names
from nsadmin.errors import Invalid
from nsadmin.namespaces.schema.limits import (
    DESCRIPTION_MAX,
    NAME_MAX,
    NAME_MIN,
    limits,
)

Name = Annotated[str, limits("string", minLength=NAME_MIN, maxLength=NAME_MAX)]
Description = Annotated[str, limits("string", maxLength=DESCRIPTION_MAX)]

_ID_SHAPE = re.compile(
    r"(ns|org|usr|bkt|obj|col|doc|ret|tax|tmpl|snap|task|iclstr)_.*", re.IGNORECASE
)
_UUID_SHAPE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_RESERVED_NAMES = frozenset({"list", "stats"})
_NAME_CHARACTERS = "/\\?#%"


def name_key(name: str) -> str:
    """Return the form of a name that is unique within its organization."""
    return names.trimmed(name).casefold()


def searchable(*texts: str) -> str:
    """Return texts in the form in which a search finds them, whatever their case."""
    return "\n".join(names.folded(text) for text in texts)


def clean_name(
    name: str,
    *,
    at: str = "namespace_name",
    shortest: int = NAME_MIN,
    longest: int = NAME_MAX,
) -> str:
    """Return the name in its stored form, that of `names.clean`, or raise Invalid."""
    cleaned = names.clean(name, at=at)
    for character in cleaned:
        if character in _NAME_CHARACTERS:
            raise Invalid.at(at, f"The name must not contain {character}")
    if len(cleaned) < shortest:
        raise Invalid.at(
            at,
            f"The name needs at least {shortest} character{'s' * (shortest != 1)}; "
            f"it has {len(cleaned)}.",
        )
    if len(cleaned) > longest:
        raise Invalid.at(
            at,
            names.too_long(longest, len(cleaned), "The name"),
        )
    if cleaned.startswith("."):
        raise Invalid.at(at, "The name must not begin with a dot.")
    if cleaned.casefold() in _RESERVED_NAMES:
        raise Invalid.at(at, f"{cleaned} is reserved.")
    if _ID_SHAPE.fullmatch(cleaned) or _UUID_SHAPE.fullmatch(cleaned):
        raise Invalid.at(at, "The name looks like an id.")
    return cleaned


def clean_description(
    text: str,
    *,
    at: str = "description",
    longest: int = DESCRIPTION_MAX,
    what: str = "description",
) -> str:
    """Return the stored form of a description (NFC, \\n, trimmed), or raise Invalid.

    An empty text means no description. `what` is the word for the text in errors.
    """
    cleaned = unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
    for character in cleaned:
        hidden = unicodedata.category(character) in ("Cc", "Cs")
        if hidden and character not in "\n\t":
            raise Invalid.at(
                at,
                f"The {what} contains the control character U+{ord(character):04X}.",
            )
    if len(cleaned) > longest:
        raise Invalid.at(
            at,
            names.too_long(longest, len(cleaned), f"The {what}"),
        )
    return cleaned
