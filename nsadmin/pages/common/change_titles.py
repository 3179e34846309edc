"""A change in few words, from the steps of its plan or its audit row. Pure.

`Index title (keyword) added`, `Renamed to film archive`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from nsadmin.names import clip
from nsadmin.namespaces.plan.steps.endings import written_time
from nsadmin.pages.common.badges import TIERS

_LONGEST = 120
_VALUE = 40
_NAMES = ("Qdrant", "Ray", "GPU")
_WORDS = {
    "namespace_name": "Name",
    "source_namespace_id": "Source",
    "second_person": "Confirmed by a second person",
    "support_needs_approval": "Approval",
    "description": "Description",
    "auto_create_indexes": "Automatic indexes",
    "expires_at": "Expiry",
    "infrastructure.compute_tier": "Tier",
    "infrastructure.qdrant_url": "Qdrant address",
    "infrastructure.ray_head_node_url": "Ray head node",
    "infrastructure.description": "Remark",
    "infrastructure.qdrant_api_key": "Qdrant API key",
    "qdrant_api_key": "Qdrant API key",
    "infrastructure.gpu_type": "GPU type",
    "infrastructure.gpus_per_worker": "GPUs per worker",
}
# The plain fields within a sentence.
WITHIN: Final[Mapping[str, str]] = {
    "namespace_name": "the name",
    "description": "the description",
    "auto_create_indexes": "automatic indexes",
}

Change = Mapping[str, Any]


def titles(changes: Iterable[Change]) -> list[str]:
    """Return a title for each change; a rebuilt index has one."""
    listed = [change for change in changes if isinstance(change, Mapping)]
    built = {c.get("field") for c in listed if c.get("kind") == "create_index"}
    dropped = {c.get("field") for c in listed if c.get("kind") == "drop_index"}
    found = []
    for change in listed:
        kind, field = change.get("kind"), change.get("field")
        if kind == "drop_index" and field in built:
            continue
        if kind == "create_index" and field in dropped:
            found.append(f"Index {field} rebuilt as {_type(change)}")
            continue
        titled = _TITLES.get(str(kind), _other)
        found.append(clip(titled(change), _LONGEST))
    return found


def title(changes: Iterable[Change], *, most: int = 2) -> str:
    """Return the titles as one line; those after `most` are counted."""
    return _line(titles(changes), most)


def planned_title(steps: Iterable[Change], *, most: int = 2) -> str:
    """Return what the steps of an open plan would do, such as `Set the description`.

    One line; the steps after `most` are counted.
    """
    found = [clip(_planned(step), _LONGEST) for step in steps]
    return _line(found, most)


def _planned(step: Change) -> str:
    """Return the sentence of a step; with the new value where it leaves that out."""
    sentence, after = _other(step), step.get("after")
    if str(step.get("field", "")).endswith("description") and after:
        return f"{sentence} to “{clip(' '.join(str(after).split()), _VALUE)}”"
    return sentence


def _line(found: list[str], most: int) -> str:
    rest = len(found) - most
    if rest > 0:
        found = [*found[:most], f"{rest:,} more"]
    return "; ".join([*found[:1], *map(_continued, found[1:])])


def _continued(text: str) -> str:
    """Return a title as it stands behind a semicolon; names keep their capital."""
    if text.startswith(_NAMES):
        return text
    return f"{text[:1].lower()}{text[1:]}"


def field_word(field: str) -> str:
    """Return the name of a field for people, such as `Tier`; empty for no field.

    A field may end with the name of what it belongs to, such as a key's prefix, which
    stays as it is.
    """
    first, space, rest = field.removeprefix("infrastructure.").partition(" ")
    word = _WORDS.get(field) or first.replace("_", " ") + space + rest
    return word[:1].upper() + word[1:]


def _type(change: Change) -> str:
    schema = change.get("schema")
    return str(schema.get("type", "")) if isinstance(schema, Mapping) else ""


def _field(change: Change) -> str:
    field, after = str(change.get("field", "")), change.get("after")
    if field == "namespace_name":
        return f"Renamed to {after}"
    if field == "protected":
        return "Protected from deletion" if after else "Protection removed"
    word = field_word(field)
    if isinstance(after, bool):
        return f"{word} turned {'on' if after else 'off'}"
    if after in (None, ""):
        return f"{word} removed"
    if field.endswith("description"):
        return f"{word} changed"
    if field == "infrastructure.compute_tier":
        after = TIERS.get(str(after), ("", after))[1]
    return f"{word} set to {after}"


def _secret(change: Change) -> str:
    if not change.get("after"):
        return "Qdrant API key removed"
    return f"Qdrant API key {'replaced' if change.get('before') else 'stored'}"


def _expiry(change: Change) -> str:
    end = change.get("after")
    return f"Expiry set to {written_time(str(end))}" if end else "Expiry removed"


def _other(change: Change) -> str:
    sentence = str(change.get("sentence") or change.get("field") or "Change")
    return sentence.removesuffix(".")


_TITLES: dict[str, Callable[[Change], str]] = {
    "set_field": _field,
    "set_secret": _secret,
    "create_index": lambda c: f"Index {c.get('field')} ({_type(c)}) added",
    "drop_index": lambda c: f"Index {c.get('field')} ({_type(c)}) dropped",
    "append_extractor": lambda c: f"Extractor {c.get('name')} appended",
    "add_vector": lambda c: f"Vector {c.get('name')} added",
    "create_collection": lambda _: "Collection created",
    "set_expiry": _expiry,
    "delete_namespace": lambda c: f"{c.get('name')} deleted",
    "clone_namespace": lambda c: f"{c.get('source')} cloned as {c.get('name')}",
}
