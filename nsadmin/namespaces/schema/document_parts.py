"""Reading the nested parts of a stored document, value by value. Pure.

What cannot be read is noted by the reader and left out. The parts are plain values;
`document` makes the typed ones of them.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from nsadmin.namespaces.schema.extractors import REGISTRY, allowed_values
from nsadmin.namespaces.schema.infrastructure import SEALED_FIELD
from nsadmin.namespaces.schema.payload_indexes import (
    INDEX_DEFAULTS,
    INDEX_TYPES,
    TOKENIZERS,
)
from nsadmin.namespaces.schema.reader import (
    MAX_ENTRIES,
    MAX_WHOLE,
    Reader,
    join,
    kind_of,
    text_fault,
)

TIERS = ("shared", "dedicated_cpu", "dedicated_gpu")
_MAX_FIELD_NAME_LENGTH = 255
_MAX_OP_ID = 64
_MAX_EXTRACTOR_NAME_LENGTH = 200
_INFRASTRUCTURE = "infrastructure"
_INFRASTRUCTURE_TEXTS = (
    "qdrant_collection",
    "qdrant_url",
    "ray_cluster_id",
    "ray_head_node_url",
    "ray_dashboard_url",
    "s3_vector_bucket",
    "s3_plugin_bucket",
    "s3_plugin_prefix",
    "gpu_type",
    "description",
)
_INFRASTRUCTURE_NUMBERS = (
    "max_concurrent_jobs",
    "min_workers",
    "max_workers",
    "gpus_per_worker",
    "max_custom_plugins",
    "max_custom_models",
)
Values = dict[str, Any]


def infrastructure(reader: Reader, raw: Mapping[str, Any]) -> Values:
    """Return the infrastructure: null, or of the right type where a key is known."""
    stored = reader.object(raw, _INFRASTRUCTURE) or {}
    found = {key: _setting(reader, stored, key) for key in stored}
    return {
        key: value
        for key, value in found.items()
        if value is not None or stored[key] is None
    }


def _setting(reader: Reader, stored: Mapping[str, Any], key: str) -> Any:
    """Return one value of the infrastructure; None if it cannot be read."""
    at = _INFRASTRUCTURE
    if key in _INFRASTRUCTURE_TEXTS:
        return "" if stored[key] == "" else reader.text(stored, key, at=at)
    if key in _INFRASTRUCTURE_NUMBERS:
        return reader.whole(stored, key, at=at)
    if key == "autoscaling_enabled":
        return reader.flag(stored, key, at=at)
    if key == "compute_tier":
        return reader.choice(stored, key, TIERS, at=at)
    value = reader.object(stored, key, at=at) if key == SEALED_FIELD else stored[key]
    return reader.copied(value, join(at, key))


def extractors(
    reader: Reader, raw: Mapping[str, Any]
) -> Iterator[tuple[str, str, Values | None]]:
    """Yield name, version and parameters of the extractors; one without is left out."""
    for number, entry in reader.entries(raw, "feature_extractors", "object"):
        at = f"feature_extractors.{number}"
        name = _required(reader, entry, "feature_extractor_name", at)
        version = _required(reader, entry, "version", at)
        params = reader.object(entry, "params", at=at)
        copy = None if params is None else reader.copied(params, join(at, "params"))
        if name and version:
            _note_sizes(reader, f"{name}_{version}", copy or {}, at)
            yield name, version, copy


def _required(reader: Reader, entry: Mapping[str, Any], key: str, at: str) -> str:
    if entry.get(key) in (None, ""):
        reader.note(join(at, key), "is missing")
        return ""
    return reader.id(entry, key, longest=_MAX_EXTRACTOR_NAME_LENGTH, at=at) or ""


def _note_sizes(reader: Reader, extractor_id: str, params: Values, at: str) -> None:
    """Note each parameter that decides on a vector's size and has an unknown value."""
    extractor = REGISTRY.get(extractor_id)
    if extractor is None:
        return
    for parameter in extractor.unknown_sizes(params):
        value = params[parameter]
        is_plain = isinstance(value, str | int | float)
        found = f"“{value}”" if is_plain else kind_of(value)
        expected = allowed_values(extractor.sized_by[parameter])
        reader.note(f"{at}.params.{parameter}", f"is {found}, expected {expected}")


def indexes(
    reader: Reader, raw: Mapping[str, Any]
) -> Iterator[tuple[str, Values, str | None]]:
    """Yield field, schema with type and defaults, and origin of each custom index."""
    for number, entry in reader.entries(raw, "payload_indexes", "object"):
        if entry.get("is_protected"):
            continue
        schema = _healthy_schema(entry)
        if schema is None:
            schema = _odd_schema(reader, entry, f"payload_indexes.{number}")
        if schema is not None:
            yield entry["field_name"], schema, entry.get("origin")


def _healthy_schema(entry: Values) -> Values | None:
    """Return the schema of an entry in which nothing needs a closer look, else None.

    Nearly all entries are like that, and a list of namespaces has thousands.
    """
    name, kind = entry.get("field_name"), entry.get("type")
    sent = entry.get("field_schema")
    if not isinstance(name, str) or not isinstance(kind, str):
        return None
    if kind not in INDEX_TYPES or not isinstance(sent, dict):
        return None
    is_plain = name.isascii() and "\0" not in name
    if not is_plain or not 0 < len(name) <= _MAX_FIELD_NAME_LENGTH:
        return None
    defaults = INDEX_DEFAULTS[kind]
    for key, value in sent.items():
        if key != "type" and not (key in defaults and _is_like(defaults[key], value)):
            return None
    return {**defaults, **sent, "type": kind}


def _odd_schema(reader: Reader, entry: Values, at: str) -> Values | None:
    """Return the schema of any entry, noting what cannot be read; None without one."""
    name = entry.get("field_name")
    sent = reader.object(entry, "field_schema", at=at)
    is_lost = sent is None and entry.get("field_schema") is not None
    holder: Mapping[str, Any] = entry
    place = at
    if entry.get("type") is None and sent:
        holder, place = sent, join(at, "field_schema")
    kind = reader.choice(holder, "type", INDEX_TYPES, at=place)
    if kind is None and not holder.get("type") and not is_lost:
        reader.note(join(place, "type"), "is missing")
    if not isinstance(name, str) or not name:
        reader.expect(join(at, "field_name"), name or None, "text")
        return None
    if fault := text_fault(name, _MAX_FIELD_NAME_LENGTH):
        reader.note(join(at, "field_name"), fault)
        return None
    if kind is None or is_lost:
        return None
    return _index_schema(reader, kind, sent or {}, join(at, "field_schema"))


def _index_schema(
    reader: Reader, kind: Any, sent: Mapping[str, Any], at: str
) -> Values | None:
    """Return the parameters over the defaults; None if a known one cannot be read."""
    defaults: Values = INDEX_DEFAULTS[kind]
    full: Values = {**defaults}
    is_read = True
    for key, value in sent.items():
        if key not in defaults or value is None:
            full[key] = reader.copied(value, join(at, key))
        elif _is_like(defaults[key], value):
            full[key] = value
        else:
            reader.expect(join(at, key), value, _expected(defaults[key]))
            is_read = False
    return {**full, "type": kind} if is_read else None


def _is_like(default: Any, value: Any) -> bool:
    if isinstance(default, bool):
        return isinstance(value, bool)
    if isinstance(default, int):
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return is_number and 0 <= value <= MAX_WHOLE
    return value in TOKENIZERS if isinstance(value, str) else False


def _expected(default: Any) -> str:
    if isinstance(default, bool):
        return "true or false"
    if isinstance(default, int):
        return f"a whole number from 0 to {MAX_WHOLE:,}"
    return f"one of {', '.join(TOKENIZERS)}"


def inference_map(reader: Reader, raw: Mapping[str, Any]) -> dict[str, str]:
    """Return the inference service of each vector."""
    at = "vector_inference_map"
    stored = reader.object(raw, at) or {}
    if len(stored) > MAX_ENTRIES:
        reader.too_many(at, len(stored))
    pairs = (
        (key, reader.text(stored, key, at=at)) for key in list(stored)[:MAX_ENTRIES]
    )
    return {key: value for key, value in pairs if value is not None}


def note_operations(reader: Reader, raw: Mapping[str, Any]) -> None:
    """Note entries of `changes` and `pending` that are not operations."""
    for key in ("changes", "pending"):
        if key == "changes" and _are_healthy(raw.get(key)):
            continue
        for number, entry in reader.entries(raw, key, "object"):
            if key == "changes" and _is_healthy_change(entry):
                continue
            at = f"{key}.{number}"
            reader.id(entry, "op_id", longest=_MAX_OP_ID, at=at)
            for name in ("op_id", "revision"):
                if entry.get(name) is None:
                    reader.note(join(at, name), "is missing")
            reader.whole(entry, "revision", at=at)
            steps = entry.get("steps")
            if key == "pending" and not _is_list_of_objects(steps):
                reader.expect(join(at, "steps"), steps, "a list of objects")


def _are_healthy(changes: Any) -> bool:
    """Tell whether this is a list of changes none of which needs a closer look."""
    is_short = type(changes) is list and len(changes) <= MAX_ENTRIES
    return is_short and all(map(_is_healthy_change, changes))


def _is_healthy_change(entry: Any) -> bool:
    if type(entry) is not dict:
        return False
    op_id, revision = entry.get("op_id"), entry.get("revision")
    return (
        type(op_id) is str
        and len(op_id) <= _MAX_OP_ID
        and op_id.isascii()
        and "\0" not in op_id
        and type(revision) is int
        and 0 <= revision <= MAX_WHOLE
    )


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(step, dict) for step in value)
