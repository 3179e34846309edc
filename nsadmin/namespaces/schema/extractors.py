"""Lookup of builtin feature extractors and rules for their parameters. Pure."""

from collections.abc import Mapping
from typing import Any

from nsadmin.errors import Conflict, Invalid, as_json
from nsadmin.namespaces.schema.extractor_registry import (
    ANY_SIZE,
    EXTRACTORS,
    Extractor,
)

REGISTRY: Mapping[str, Extractor] = {
    extractor.id: extractor for extractor in EXTRACTORS
}


def find(
    name: str,
    version: str,
    *,
    at: str = "feature_extractors",
    registry: Mapping[str, Extractor] = REGISTRY,
) -> Extractor:
    """Return a builtin extractor, or raise Invalid at the path `at`."""
    extractor = registry.get(f"{name}_{version}")
    if extractor is not None:
        return extractor
    versions = [e.version for e in registry.values() if e.name == name]
    message = (
        f"{name} has no version {version}; there is {', '.join(versions)}."
        if versions
        else f"{name} is not a builtin feature extractor."
    )
    raise Invalid.at(at, message, code="feature_extractor_not_found")


def allowed_values(sizes: Mapping[Any, int]) -> str:
    """Return the allowed values of a parameter as words of a message."""
    if sizes is ANY_SIZE:
        return f"a whole number from {min(sizes):,} to {max(sizes):,}"
    return f"one of {', '.join(map(str, sizes))}" if len(sizes) > 1 else str(*sizes)


def completed_params(
    extractor: Extractor, params: Mapping[str, Any] | None, *, at: str
) -> dict[str, Any]:
    """Return the parameters with defaults; raise Invalid for unknown ones or values."""
    given = dict(params or {})
    unknown = sorted(set(given) - set(extractor.defaults))
    if unknown:
        known = ", ".join(extractor.defaults) or "none"
        message = f"{extractor.id} has no parameter {unknown[0]}; it has: {known}."
        raise Invalid.at(at, message)
    merged = {**extractor.defaults, **given}
    for parameter, sizes in extractor.sized_by.items():
        value = merged[parameter]
        if isinstance(value, (dict, list, bool)) or value not in sizes:
            message = (
                f"{parameter} must be {allowed_values(sizes)}; it is {as_json(value)}."
            )
            raise Invalid.at(f"{at}.{parameter}", message)
        if isinstance(value, float):  # some JSON writers send every number as a float
            merged[parameter] = int(value)
    return merged


def require_same_params(
    extractor: Extractor,
    stored: Mapping[str, Any] | None,
    given: Mapping[str, Any] | None,
) -> None:
    """Raise Conflict if the parameters differ after filling in the defaults."""
    before = {**extractor.defaults, **(stored or {})}
    after = {**extractor.defaults, **(given or {})}
    if before != after:
        raise Conflict(
            f"{extractor.id} is registered with other parameters; they are locked. "
            "Other parameters need another namespace.",
            code="extractor_params_locked",
            details={"stored": before, "given": after},
        )
