"""Steps from the stored custom payload indexes to the requested list. Pure."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from nsadmin.errors import Invalid
from nsadmin.namespaces.plan.steps import CreateIndex, DropIndex, Step
from nsadmin.namespaces.schema.document import Namespace, StoredIndex
from nsadmin.namespaces.schema.limits import MAX_INDEXES, MAX_SENT_INDEXES
from nsadmin.namespaces.schema.payload_indexes import (
    INDEX_DEFAULTS,
    INDEX_TYPES,
    PROTECTED_INDEXES,
    IndexType,
    PayloadIndexInput,
    clean_field_name,
    clean_schema,
    without_others_defaults,
)

NOTHING: Mapping[str, StoredIndex] = MappingProxyType({})


def index_steps(
    namespace: Namespace,
    entries: Sequence[PayloadIndexInput],
    required: Mapping[str, Mapping[str, Any]],
    *,
    like: Mapping[str, StoredIndex] = NOTHING,
) -> list[Step]:
    """Return all drops, then all builds; a changed index is dropped and built.

    `like` has indexes that are stored elsewhere, whose names and parameters are
    accepted. Raises Invalid for a list that is not allowed.
    """
    requested = requested_indexes(namespace, entries, required, like=like)
    require_budget(len(requested) + len(PROTECTED_INDEXES) + len(required))
    stored = {index.field_name: index for index in namespace.indexes}
    drops: list[Step] = []
    builds: list[Step] = []
    for name, index in stored.items():
        target = requested.get(name)
        if target is None or target.schema != index.schema:
            drops.append(
                DropIndex(name, index.schema, index.origin, rebuilt=target is not None)
            )
    for name, target in requested.items():
        current = stored.get(name)
        if current is None or current.schema != target.schema:
            builds.append(CreateIndex(name, target.schema, target.origin))
    return drops + builds


def declared_list(namespace: Namespace, besides: str = "") -> list[dict[str, Any]]:
    """Return the declared indexes as a body of PATCH, without the one on `besides`."""
    return [
        {
            "field_name": index.field_name,
            "type": index.type,
            "field_schema": dict(index.schema),
        }
        for index in namespace.indexes
        if index.field_name != besides
    ]


def require_budget(total: int) -> None:
    """Raise Invalid if `total`, which counts all indexes, is over the limit."""
    if total > MAX_INDEXES:
        message = (
            f"That would be {total} payload indexes; at most {MAX_INDEXES} are "
            f"allowed, including {len(PROTECTED_INDEXES)} system indexes."
        )
        raise Invalid.at("payload_indexes", message)


def requested_indexes(
    namespace: Namespace,
    entries: Sequence[PayloadIndexInput],
    required: Mapping[str, Mapping[str, Any]],
    *,
    like: Mapping[str, StoredIndex] = NOTHING,
) -> dict[str, StoredIndex]:
    """Return {field: index} of the requested custom indexes.

    System and extractor indexes may be sent back unchanged; they are left out of the
    result. An index that was created automatically keeps that origin. Raises Invalid
    with all errors.
    """
    if len(entries) > MAX_SENT_INDEXES:
        message = (
            f"{len(entries):,} indexes were sent; a namespace may have {MAX_INDEXES}."
        )
        raise Invalid.at("payload_indexes", message)
    stored = {index.field_name: index for index in namespace.indexes}
    fixed = {**PROTECTED_INDEXES, **required}
    requested: dict[str, StoredIndex] = {}
    errors: dict[str, list[str]] = {}
    for number, entry in enumerate(entries):
        at = f"payload_indexes.{number}"
        try:
            if _is_fixed(entry, fixed, at):
                continue
            name = entry.field_name
            index = _requested_index(entry, stored.get(name), like.get(name), at)
            if index.field_name in requested:
                raise Invalid.at(
                    f"{at}.field_name", f"{index.field_name} is in the list twice."
                )
            requested[index.field_name] = index
        except Invalid as invalid:
            errors.update(invalid.errors)
    if errors:
        raise Invalid.all(errors)
    return requested


def _kind(entry: PayloadIndexInput, at: str) -> IndexType:
    """Return the index type of an entry or its schema; raise Invalid if they differ."""
    inner = (entry.field_schema or {}).get("type")
    if entry.type is not None and inner is not None and inner != entry.type:
        raise Invalid.at(
            f"{at}.type", f"type is {entry.type}, but field_schema.type is {inner}."
        )
    kind = entry.type or inner
    if kind is None:
        raise Invalid.at(f"{at}.type", "An index needs a type.")
    if kind not in INDEX_TYPES:
        raise Invalid.at(
            f"{at}.field_schema.type", f"Must be one of {', '.join(INDEX_TYPES)}."
        )
    return kind


def _is_fixed(
    entry: PayloadIndexInput, fixed: Mapping[str, Mapping[str, Any]], at: str
) -> bool:
    """Tell whether the entry is a system or extractor index, sent back unchanged.

    Raises Invalid if it is one and was changed.
    """
    name = entry.field_name
    if name not in fixed:
        if entry.is_protected:
            raise Invalid.at(f"{at}.is_protected", f"{name} is not a system index.")
        return False
    if not entry.is_protected:
        message = f"{name} is indexed by the system and cannot be changed."
        raise Invalid.at(f"{at}.field_name", message)
    kind = _kind(entry, at)
    full = {**INDEX_DEFAULTS[kind], **fixed[name]}
    parameters = without_others_defaults(kind, entry.field_schema or {})
    sent = {**full, **{k: v for k, v in parameters.items() if v is not None}}
    if kind != fixed[name]["type"] or sent != full:
        message = f"{name} is indexed by the system and cannot be changed."
        raise Invalid.at(f"{at}.field_schema", message)
    return True


def _requested_index(
    entry: PayloadIndexInput,
    before: StoredIndex | None,
    like: StoredIndex | None,
    at: str,
) -> StoredIndex:
    name, known = entry.field_name, before or like
    if known is None:  # a stored name is not validated: another program wrote it
        name = clean_field_name(name, at=f"{at}.field_name")
    kind = _kind(entry, at)
    kept = known.schema if known is not None and known.type == kind else {}
    schema = clean_schema(
        kind, entry.field_schema or {}, at=f"{at}.field_schema", kept=kept
    )
    return StoredIndex(name, schema, before.origin if before is not None else "user")
