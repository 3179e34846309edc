"""The settings of the infrastructure that a clone takes over, and those it does not.

They belong to the namespace and not to a cluster. Pure.
"""

from typing import Any, Final

from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.infrastructure import DEFAULTS

# {setting: its name within a sentence}, in the order in which they are told.
_WORDS: Final = {
    "autoscaling_enabled": "autoscaling",
    "min_workers": "minimum number of workers",
    "max_workers": "maximum number of workers",
    "max_concurrent_jobs": "jobs at once",
    "max_custom_models": "number of custom models",
    "max_custom_plugins": "number of custom plugins",
    "description": "remark",
}


def taken_over(source: Namespace, *, tier: object, internal_id: str) -> Raw:
    """Return the source's settings that a clone on this tier gets.

    None on another tier, where they have other meanings and limits, and none in
    another organization, which sets its own.
    """
    if tier != source.tier or internal_id != source.internal_id:
        return {}
    own = source.infrastructure
    return {name: own[name] for name in _WORDS if own.get(name) is not None}


def losses(source: Namespace, clone: Namespace) -> list[str]:
    """Return a sentence with each setting that is another one; empty without any."""
    values = [
        (word, _value(source, name), _value(clone, name))
        for name, word in _WORDS.items()
    ]
    found = [
        f"{word} {_text(after)} instead of {_text(before)}"
        for word, before, after in values
        if before != after
    ]
    if not found:
        return []
    return [f"Settings of the infrastructure differ from the source's: {_join(found)}."]


def _value(namespace: Namespace, name: str) -> Any:
    stored = namespace.infrastructure.get(name)
    return DEFAULTS.get(name) if stored is None else stored


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int):
        return f"{value:,}"
    return f"“{value}”" if value else "none"


def _join(parts: list[str]) -> str:
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last
