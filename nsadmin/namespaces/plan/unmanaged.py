"""What a plan meets in Qdrant that no document declared: kept, or dropped first. Pure.

Somebody may have made an index past us. A plan that declares the field then keeps the
parameters that we do not know, and drops first what cannot stay, with a warning.
"""

from collections.abc import Sequence
from dataclasses import replace

from nsadmin.namespaces.plan.desired import ActualCollection
from nsadmin.namespaces.plan.steps import CreateIndex, DropIndex, Step
from nsadmin.namespaces.schema.document import Raw
from nsadmin.namespaces.schema.payload_indexes import INDEX_DEFAULTS

# What Qdrant does where an index says nothing; a text index has no limits then.
_QDRANT_DEFAULTS: Raw = {
    "is_tenant": False,
    "lookup": True,
    "range": True,
    "tokenizer": "word",
    "lowercase": True,
}


def is_other(schema: Raw, there: Raw) -> bool:
    """Tell whether an index of Qdrant differs in what is declared of it."""
    if there.get("type") != schema["type"]:
        return True
    return any(_said(there, key) != value for key, value in schema.items())


def _said(there: Raw, key: str) -> object:
    value = there.get(key)
    return _QDRANT_DEFAULTS.get(key) if value is None else value


def unknown_parameters(schema: Raw, there: Raw) -> Raw:
    """Return what Qdrant knows of an index of the same type and we have no word for."""
    if there.get("type") != schema["type"]:
        return {}
    known = {"type", *INDEX_DEFAULTS[schema["type"]]}
    return {k: v for k, v in there.items() if v is not None and k not in known}


def reconcile_unmanaged(
    planned: Sequence[Step], seen: ActualCollection | None
) -> list[Step]:
    """Return the steps as they have to be beside what Qdrant has already."""
    if seen is None:
        return list(planned)
    dropped: set[str] = set()
    found: list[Step] = []
    for step in planned:
        if isinstance(step, DropIndex):
            dropped.add(step.field)
        there = seen.indexes.get(step.field) if isinstance(step, CreateIndex) else None
        if not isinstance(step, CreateIndex) or there is None:
            found.append(step)
            continue
        schema = {**unknown_parameters(step.schema, there), **step.schema}
        if step.field not in dropped and is_other(schema, there):
            found.append(DropIndex(step.field, there, rebuilt=True, declared=True))
        found.append(replace(step, schema=schema))
    return found
