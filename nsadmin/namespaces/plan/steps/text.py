"""Text of values and index parameters for the sentences of steps. Pure."""

from typing import Any

from nsadmin.namespaces.schema.document import Raw
from nsadmin.namespaces.schema.payload_indexes import INDEX_DEFAULTS

# Parameters in the words of the index form; those that are missing keep their name.
PARAMETER_WORDS = {
    "ascii_folding": "ignores accents",
    "enable_hnsw": "in the vector graph",
    "is_principal": "main filter field",
    "is_tenant": "separates tenants",
    "lookup": "finds equal values",
    "lowercase": "ignores case",
    "max_token_len": "longest word",
    "min_token_len": "shortest word",
    "on_disk": "on disk",
    "phrase_matching": "finds phrases",
    "range": "finds ranges",
}


def quote_value(value: Any) -> str:
    """Return a value for use in a sentence; a string in quotation marks."""
    if value is None or value == "":
        return "nothing"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"“{value}”" if isinstance(value, str) else str(value)


def format_parameter(value: Any) -> str:
    """Return a parameter's value in words, of any JSON type."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or value in ("", [], {}):
        return "not set"
    if isinstance(value, dict):
        return ", ".join(
            f"{key} {format_parameter(inside)}" for key, inside in value.items()
        )
    if isinstance(value, list | tuple):
        return ", ".join(format_parameter(inside) for inside in value)
    return str(value)


def name_parameter(key: str, value: Any) -> str:
    """Return a parameter of an index with its value, such as `longest word 20`."""
    word = PARAMETER_WORDS.get(key, key)
    if isinstance(value, bool):
        return f"{word} {'yes' if value else 'no'}"
    return f"{word} {format_parameter(value)}"


def changed_parameters(before: Raw, after: Raw) -> tuple[str, str]:
    """Return old and new text of the parameters that differ, defaults included.

    If the type changes, each side lists its own parameters that are not defaults.
    """
    if before["type"] != after["type"]:
        return _typed(before), _typed(after)
    defaults = INDEX_DEFAULTS.get(before["type"], {})
    old, new = {**defaults, **before}, {**defaults, **after}
    changed = [key for key in sorted({**old, **new}) if old.get(key) != new.get(key)]
    return (
        ", ".join(name_parameter(key, old.get(key)) for key in changed),
        ", ".join(name_parameter(key, new.get(key)) for key in changed),
    )


def _typed(schema: Raw) -> str:
    parameters = format_parameters(schema)
    kind = f"type {schema['type']}"
    return f"{kind}, {parameters}" if parameters else kind


def format_parameters(schema: Raw) -> str:
    """Return the parameters that are not defaults, such as `tokenizer prefix`."""
    defaults = {"type": schema["type"], **INDEX_DEFAULTS.get(schema["type"], {})}
    parts = [
        name_parameter(key, value)
        for key, value in sorted(schema.items())
        if defaults.get(key) != value
    ]
    return ", ".join(parts)


def list_parameters(schema: Raw) -> str:
    """Return every parameter in words, defaults included."""
    full = {**INDEX_DEFAULTS.get(schema["type"], {}), **schema}
    parts = [name_parameter(k, v) for k, v in full.items() if k != "type"]
    return ", ".join(parts)
