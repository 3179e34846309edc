"""Text of values and index parameters for the sentences of steps. Pure."""

from typing import Any

from nsadmin.namespaces.schema.document import Raw
from nsadmin.namespaces.schema.payload_indexes import INDEX_DEFAULTS


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
        ", ".join(f"{key} {format_parameter(old.get(key))}" for key in changed),
        ", ".join(f"{key} {format_parameter(new.get(key))}" for key in changed),
    )


def _typed(schema: Raw) -> str:
    parameters = format_parameters(schema)
    kind = f"type {schema['type']}"
    return f"{kind}, {parameters}" if parameters else kind


def format_parameters(schema: Raw) -> str:
    """Return the parameters that are not defaults, such as `tokenizer prefix`."""
    defaults = {"type": schema["type"], **INDEX_DEFAULTS.get(schema["type"], {})}
    parts = [
        f"{key} {format_parameter(value)}"
        for key, value in sorted(schema.items())
        if defaults.get(key) != value
    ]
    return ", ".join(parts)


def list_parameters(schema: Raw) -> str:
    """Return every parameter by its name in the API, defaults included."""
    full = {**INDEX_DEFAULTS.get(schema["type"], {}), **schema}
    parts = [f"{k} {format_parameter(v)}" for k, v in full.items() if k != "type"]
    return ", ".join(parts)
