"""A foreign value as indented JSON, with the bounds of a page. Pure."""

import json
import math
from collections.abc import Mapping
from typing import Any, Final

from nsadmin.pages.common.values.bounds import (
    LONGEST_INTEGER,
    Room,
    is_branch,
    leaf_text,
    parts_of,
)

# The name under which a map says what of it is left out.
_LEFT_OUT: Final = "…"


def json_text(value: Any, *, room: Room | None = None) -> str:
    """Return a value as JSON; what is left out is said in place of it.

    Values that JSON does not have, such as times, are texts. Never raises.
    """
    plain = _plain(value, 0, room or Room())
    return json.dumps(plain, indent=2, ensure_ascii=False)


def _plain(value: Any, depth: int, room: Room) -> Any:
    if is_branch(value):
        return _branch(value, depth, room)
    kind, whole = leaf_text(value)
    text, cut = room.take(whole)
    if kind in ("truth", "nothing") or (kind == "number" and _is_json(value)):
        return value
    return f"{text}… {cut:,} more characters" if cut else text


def _is_json(value: float) -> bool:
    """Tell whether JSON, and every reader of it, has a number."""
    if isinstance(value, int):
        return value.bit_length() <= LONGEST_INTEGER
    return math.isfinite(value)


def _branch(value: Any, depth: int, room: Room) -> Any:
    parts = parts_of(value)
    shown: list[tuple[str, Any]] = []
    for key, part in parts if depth < room.depth else []:
        if not room.has_part():
            break
        name = room.take_name(key)
        shown.append((name, _plain(part, depth + 1, room)))
    more = len(parts) - len(shown)
    note = f"{more:,} more"
    if isinstance(value, Mapping):
        return {**dict(shown), **({_LEFT_OUT: note} if more else {})}
    return [*(part for _, part in shown), *([f"… {note}"] if more else [])]
