"""What a tree shows of a document, as indented JSON. Pure."""

import json
from typing import Any, Final

from nsadmin.documents.shown.tree import Node

# The name under which an object says how much of it is left out.
_LEFT_OUT: Final = "…"


def json_text(node: Node) -> str:
    """Return a tree as JSON; what is left out is said in place of it.

    Values that JSON does not have, such as times, are texts.
    """
    return json.dumps(_plain(node), indent=2, ensure_ascii=False)


def _plain(node: Node) -> Any:
    note = f"{node.more:,} more"
    if node.kind == "object":
        shown = {child.key: _plain(child) for child in node.children}
        return shown | ({_LEFT_OUT: note} if node.more else {})
    if node.kind == "list":
        items = [_plain(child) for child in node.children]
        return items + ([f"{_LEFT_OUT} {note}"] if node.more else [])
    if node.kind in ("number", "bool", "null"):
        return _number(node.text)
    return f"{node.text} {node.size:,} bytes in all" if node.is_cut else node.text


def _number(text: str) -> Any:
    """Return a number, a boolean or null; what JSON has no number for, as text."""
    try:
        return json.loads(text)
    except ValueError:
        return text
