"""Values of a payload at a path or a pointer. Pure."""

from typing import Any, Final

from nsadmin.advice.values import values_at
from nsadmin.documents.shown.cells import MISSING, Cell, cell

_NOTHING: Final = object()
_DIGITS: Final = 9


def cell_at(payload: dict[str, Any], path: str) -> Cell:
    """Return the cell of the value at a path such as `meta.title` or `tags[].name`."""
    if "[]" in path:
        found = list(values_at(payload, path))
        return cell(found) if found else MISSING
    value: Any = payload
    for key in path.split("."):
        value = value.get(key, _NOTHING) if isinstance(value, dict) else _NOTHING
    return MISSING if value is _NOTHING else cell(value)


def text_at(payload: dict[str, Any], *paths: str) -> str:
    """Return the first text at one of the paths; "" if there is none."""
    for path in paths:
        value: Any = payload
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, str) and value:
            return value
    return ""


def steps_of(pointer: str) -> list[str] | None:
    """Return the keys of a JSON pointer; None for a text that is no pointer."""
    if pointer == "":
        return []
    if not pointer.startswith("/"):
        return None
    return [p.replace("~1", "/").replace("~0", "~") for p in pointer[1:].split("/")]


def pointer_to(parent: str, key: str) -> str:
    """Return the JSON pointer to an entry of what another one points to."""
    return f"{parent}/{key.replace('~', '~0').replace('/', '~1')}"


def entry_at(payload: Any, steps: list[str]) -> tuple[Any, bool]:
    """Return the value that the steps lead to, and whether there is one."""
    value = payload
    for step in steps:
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and _is_index(step, len(value)):
            value = value[int(step)]
        else:
            return None, False
    return value, True


def _is_index(step: str, length: int) -> bool:
    is_number = step.isascii() and step.isdigit() and len(step) <= _DIGITS
    return is_number and int(step) < length
