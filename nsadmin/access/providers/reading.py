"""Reads the setting NSADMIN_SSO: a list in JSON, or the path of a file with one.

A message names the place in the setting and never repeats a value, which may be secret.
"""

import json
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from nsadmin.access.providers import whole
from nsadmin.access.providers.definition import Provider

_MOST_BYTES = 1 << 20
_Listed = Annotated[Provider, Field(discriminator="kind")]
_ADAPTER: TypeAdapter[list[Provider]] = TypeAdapter(list[_Listed])


class UnreadableProviders(ValueError):
    """The setting is not valid; `faults` are sentences for the operator."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__(" ".join(faults))
        self.faults = faults


def read(setting: str, *, insecure: bool = False) -> tuple[Provider, ...]:
    """Return the providers of the setting, none for an empty one.

    `insecure` allows addresses with plain http. Raises UnreadableProviders.
    """
    if not setting.strip():
        return ()
    listed = _parsed(setting)
    made, faults = _made(listed)
    faults += whole.faults(listed, insecure=insecure)
    if faults:
        raise UnreadableProviders(faults)
    for each in made:
        each.read_files()
    return made


def _made(listed: object) -> tuple[tuple[Provider, ...], list[str]]:
    """Return the providers, or the faults of single fields."""
    try:
        return tuple(_ADAPTER.validate_python(listed)), []
    except ValidationError as error:
        return (), [_fault(each) for each in error.errors()]


def _parsed(setting: str) -> object:
    text, where = setting.strip(), "NSADMIN_SSO"
    if not text.startswith("["):
        where = "The file that NSADMIN_SSO names"
        try:
            with Path(text).open(encoding="utf-8") as file:
                text = file.read(_MOST_BYTES)
        except (OSError, UnicodeError, ValueError):
            fault = "NSADMIN_SSO is neither a list in JSON nor a file that can be read."
            raise UnreadableProviders([fault]) from None
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        fault = f"{where} is not JSON; the mistake is in line {line}."
        raise UnreadableProviders([fault]) from None


def _fault(error: object) -> str:
    assert isinstance(error, dict)  # noqa: S101 - as pydantic describes it
    place = "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}"
        for part in error["loc"]
        if part not in ("oidc", "saml")
    )
    said = str(error["msg"]).removeprefix("Value error, ")
    return f"NSADMIN_SSO{place}: {said}."
