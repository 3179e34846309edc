"""The document as accepted steps make it. Pure."""

from collections.abc import Sequence
from typing import Any

from nsadmin.namespaces.plan.infrastructure_steps import SEALED_FIELD, SECRET_KEYS
from nsadmin.namespaces.plan.steps import (
    INFRASTRUCTURE,
    AppendExtractor,
    CreateIndex,
    DropIndex,
    SetField,
    SetSecret,
    Step,
)
from nsadmin.namespaces.schema.document import Raw, StoredIndex, index_entry


def apply_steps(raw: Raw, planned: Sequence[Step], *, sealed: Raw | None = None) -> Raw:
    """Return the document once the steps are accepted; `raw` stays as it was.

    `sealed` is what a step that stores a secret puts there: no step carries it.
    """
    after = dict(raw)
    indexes: list[Any] = list(after.get("payload_indexes") or [])
    muted = set(after.get("muted_auto_indexes") or [])
    for step in planned:
        if isinstance(step, SetField):
            _set(after, step)
        elif isinstance(step, SetSecret):
            _seal(after, sealed if step.after else None)
        elif isinstance(step, AppendExtractor):
            entry = {
                "feature_extractor_name": step.name,
                "version": step.version,
                "params": dict(step.params),
            }
            after["feature_extractors"] = [
                *(after.get("feature_extractors") or []),
                entry,
            ]
            after["vector_inference_map"] = {
                **(after.get("vector_inference_map") or {}),
                **step.inference,
            }
        elif isinstance(step, DropIndex) and not step.declared:
            indexes = [i for i in indexes if i.get("field_name") != step.field]
            if step.origin == "auto" and not step.rebuilt:
                muted.add(step.field)
        elif isinstance(step, CreateIndex) and not step.declared:
            stored = StoredIndex(step.field, dict(step.schema), step.origin)
            indexes = [*indexes, index_entry(stored)]
            muted.discard(step.field)
    if indexes != (after.get("payload_indexes") or []):
        after["payload_indexes"] = indexes
    if muted != set(after.get("muted_auto_indexes") or []):
        after["muted_auto_indexes"] = sorted(muted)
    return after


def _set(after: Raw, step: SetField) -> None:
    """Give a field its value; other writers' keys of an object stay as they are."""
    holder, key = after, step.field
    if key.startswith(INFRASTRUCTURE):
        holder = after["infrastructure"] = dict(after.get("infrastructure") or {})
        key = key.removeprefix(INFRASTRUCTURE)
    if step.after is None:
        holder.pop(key, None)
    else:
        holder[key] = step.after


def _seal(after: Raw, sealed: Raw | None) -> None:
    stored = after.get("infrastructure") or {}
    kept = {key: value for key, value in stored.items() if key not in SECRET_KEYS}
    after["infrastructure"] = {**kept, SEALED_FIELD: sealed} if sealed else kept
