"""Which vectors a collection makes, and which a retriever searches. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from nsadmin.names import clip
from nsadmin.namespaces.schema.extractors import REGISTRY
from nsadmin.resources.references.kinds import Kind

_MOST: Final = 20
_MOST_VALUES: Final = 5000
_DEEPEST: Final = 12
_LONGEST: Final = 120
# `mixpeek://{extractor}@{version}/{output}`; the output may be left out.
_FEATURE: Final = re.compile(r"[a-z]+://(\w{1,100})@(\w{1,20})(?:/([\w.-]{1,120}))?")


def of(kind: Kind, raw: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the vectors of a resource, at most twenty."""
    if kind == "collections":
        found = _declared(raw) or _made_by(extractor_of(raw) or "")
    elif kind == "retrievers":
        named = dict.fromkeys(_features(raw.get("stages")))
        named.update(dict.fromkeys(_features(raw.get("feature_dependencies"))))
        found = [name for uri in named for name in _searched(uri)]
    else:
        found = []
    return tuple(dict.fromkeys(found))[:_MOST]


def extractor_of(raw: Mapping[str, Any]) -> str | None:
    """Return the id of a collection's extractor, such as `text_extractor_v1`."""
    stored = raw.get("feature_extractor")
    if not isinstance(stored, Mapping):
        return None
    parts = (stored.get("feature_extractor_name"), stored.get("version"))
    texts = [part for part in parts if isinstance(part, str) and part]
    return clip("_".join(texts), _LONGEST) if texts else None


def _declared(raw: Mapping[str, Any]) -> list[str]:
    """Return the names in `vector_indexes`, which are objects or texts."""
    stored = raw.get("vector_indexes")
    names = []
    for entry in stored[:_MOST] if isinstance(stored, list) else []:
        name = entry.get("name") if isinstance(entry, Mapping) else entry
        if isinstance(name, str) and name:
            names.append(clip(name, _LONGEST))
    return names


def _made_by(extractor_id: str) -> list[str]:
    extractor = REGISTRY.get(extractor_id)
    return [vector.name for vector in extractor.vectors] if extractor else []


def _searched(uri: tuple[str, str, str]) -> list[str]:
    """Return the vectors of a feature: those of its output, else of its extractor."""
    name, version, output = uri
    extractor = REGISTRY.get(f"{name}_{version}")
    if extractor is None:
        return [output or f"{name}_{version}"]
    made = [v.name for v in extractor.vectors]
    chosen = [
        v.name for v in extractor.vectors if output and output in (v.name, v.inference)
    ]
    return chosen or made


def _features(value: Any) -> Iterator[tuple[str, str, str]]:
    """Yield the features that a value names, level by level."""
    level, left = [value], _MOST_VALUES
    for _ in range(_DEEPEST):
        below: list[Any] = []
        for entry in level:
            if isinstance(entry, str):
                match = _FEATURE.fullmatch(entry) if len(entry) < 300 else None
                if match:
                    yield match[1], match[2], match[3] or ""
            elif isinstance(entry, Mapping):
                below += list(entry.values())
            elif isinstance(entry, list):
                below += entry
        left -= len(below)
        level = below if left > 0 else []
