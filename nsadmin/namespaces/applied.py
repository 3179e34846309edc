"""The document as accepted steps make it. Pure."""

from collections.abc import Sequence
from typing import Any

from nsadmin.namespaces.document import Raw, StoredIndex, index_entry
from nsadmin.namespaces.infrastructure import SECRET_KEYS
from nsadmin.namespaces.steps import (
    AppendExtractor,
    CreateIndex,
    DropIndex,
    SetField,
    Step,
)


def applied(raw: Raw, planned: Sequence[Step]) -> Raw:
    """Return the document once the steps are accepted; `raw` stays as it was."""
    after = dict(raw)
    indexes: list[Any] = list(after.get("payload_indexes") or [])
    muted = set(after.get("muted_auto_indexes") or [])
    for step in planned:
        if isinstance(step, SetField):
            _set(after, step)
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
    if step.after is None:
        after.pop(step.field, None)
    elif step.field == "infrastructure":
        stored = after.get("infrastructure") or {}
        kept = {key: stored[key] for key in SECRET_KEYS if key in stored}
        after["infrastructure"] = {**step.after, **kept}
    else:
        after[step.field] = step.after
