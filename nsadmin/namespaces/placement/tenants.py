"""Whose a point is: what its payload says of its tenant. Pure."""

from typing import Any, Final

Json = dict[str, Any]

TENANT: Final = "internal_id"
_INNER: Final = "_internal"
# The tenant in the layout of payloads that has the system's fields together.
INNER_TENANT: Final = f"{_INNER}.{TENANT}"


def of_others(tenant: str) -> list[Json]:
    """Return conditions of which a point of another tenant matches one."""
    others = {"match": {"except": [tenant]}}
    return [
        {"key": TENANT, **others},
        {"must": [{"is_empty": {"key": TENANT}}, {"key": INNER_TENANT, **others}]},
    ]


def is_of_another(payload: Json, tenant: str) -> bool:
    """Tell whether a payload names another tenant, as `of_others` does in Qdrant.

    The field of the payload itself counts; without it, that of its `_internal`. In a
    list every value counts.
    """
    named = _values(payload.get(TENANT))
    inner = payload.get(_INNER)
    if not named and isinstance(inner, dict):
        named = _values(inner.get(TENANT))
    return any(value != tenant for value in named)


def _values(value: Any) -> list[Any]:
    values = value if isinstance(value, list) else [value]
    return [one for one in values if one is not None]
