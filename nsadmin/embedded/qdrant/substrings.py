"""Text matches of fields without a text index, which Qdrant answers by substring.

The engine is of a newer version, which compares words there. So such a condition is
replaced by the ids of the points that it matches, found by reading the field of all.
"""

import re
from collections.abc import Iterator
from typing import Any

import qdrant_edge as edge

from nsadmin.embedded.qdrant.collection import Collection
from nsadmin.embedded.qdrant.convert.fields import Json
from nsadmin.embedded.qdrant.convert.filter import CLAUSES
from nsadmin.embedded.qdrant.convert.ids import json_id
from nsadmin.embedded.qdrant.convert.indexes import data_type
from nsadmin.embedded.qdrant.errors import engine_calls

PAGE = 1000
_KINDS = ("text", "text_any", "phrase")
_STEP = re.compile(r'(?:"([^"]*)"|([^."\[\]]+))((?:\[\d*\])*)(?:\.|$)')


def with_substrings(collection: Collection, body: Json) -> Json:
    """The body of a call with its text matches by substring carried out.

    Inside `nested` the engine's own comparison stays: ids cannot name an element.
    """
    changed = dict(body)
    for name in ("filter", "update_filter"):
        if isinstance(body.get(name), dict):
            changed[name] = _rewritten(collection, body[name])
    nested = body.get("prefetch")
    if isinstance(nested, dict):
        changed["prefetch"] = with_substrings(collection, nested)
    elif isinstance(nested, list):
        changed["prefetch"] = [
            with_substrings(collection, item) if isinstance(item, dict) else item
            for item in nested
        ]
    return changed


def _rewritten(collection: Collection, item: Any) -> Any:
    """A filter or condition with ids in place of its text matches."""
    if isinstance(item, list):
        return [_rewritten(collection, each) for each in item]
    if not isinstance(item, dict):
        return item
    if any(clause in item for clause in (*CLAUSES, "conditions")):
        return {key: _rewritten(collection, value) for key, value in item.items()}
    wanted = _wanted(collection, item)
    return item if wanted is None else {"has_id": _ids(collection, item["key"], wanted)}


def _wanted(collection: Collection, item: Json) -> list[str] | None:
    """The texts of which one must be in the field; None for any other condition."""
    key, match = item.get("key"), item.get("match")
    if not isinstance(key, str) or not isinstance(match, dict) or len(item) > 2:
        return None
    stated = [kind for kind in _KINDS if isinstance(match.get(kind), str)]
    schema = collection.schema.get(key)
    if len(stated) != 1 or (schema is not None and data_type(schema) == "text"):
        return None
    text = match[stated[0]]
    return text.split() if stated[0] == "text_any" else [text]


def _ids(collection: Collection, key: str, wanted: list[str]) -> list[int | str]:
    steps = list(_STEP.finditer(key))
    found: list[int | str] = []
    offset = None
    while True:
        with engine_calls():
            request = edge.ScrollRequest(
                offset=offset,
                limit=PAGE,
                with_payload=edge.PayloadSelector.Include([key]),
            )
            records, offset = collection.shard.scroll(request)
        for record in records:
            values = list(_values(record.payload, steps))
            if any(text in value for value in values for text in wanted):
                found.append(json_id(record.id))
        if offset is None:
            return found


def _values(value: Any, steps: list[re.Match[str]]) -> Iterator[str]:
    """The texts under a path: of the field itself, or of an array's elements."""
    if not steps:
        items = value if isinstance(value, list) else [value]
        yield from (item for item in items if isinstance(item, str))
        return
    quoted, plain, indexes = steps[0].groups()
    if not isinstance(value, dict):
        return
    reached = [value.get(plain if quoted is None else quoted)]
    for index in re.findall(r"\[(\d*)\]", indexes):
        lists = [item for item in reached if isinstance(item, list)]
        if index:
            at = int(index[:9])
            reached = [item[at] for item in lists if at < len(item)]
        else:
            reached = [element for item in lists for element in item]
    for item in reached:
        yield from _values(item, steps[1:])
