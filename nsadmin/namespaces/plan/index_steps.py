"""The wanted list of custom payload indexes, read against what is stored. Pure."""

from collections.abc import Mapping, Sequence
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
)


def index_steps(
    namespace: Namespace,
    given: Sequence[PayloadIndexInput],
    required: Mapping[str, Mapping[str, Any]],
) -> list[Step]:
    """Return drops first, then builds; an index that changes is dropped and built."""
    wanted = wanted_indexes(namespace, given, required)
    require_budget(len(wanted) + len(PROTECTED_INDEXES) + len(required))
    stored = {index.field_name: index for index in namespace.indexes}
    drops: list[Step] = []
    builds: list[Step] = []
    for name, index in stored.items():
        target = wanted.get(name)
        if target is None or target.schema != index.schema:
            drops.append(
                DropIndex(name, index.schema, index.origin, rebuilt=target is not None)
            )
    for name, target in wanted.items():
        current = stored.get(name)
        if current is None or current.schema != target.schema:
            builds.append(CreateIndex(name, target.schema, target.origin))
    return drops + builds


def require_budget(total: int) -> None:
    """Raise Invalid if a namespace may not have that many indexes, all counted."""
    if total > MAX_INDEXES:
        sentence = (
            f"That would be {total} payload indexes of at most {MAX_INDEXES}, "
            f"{len(PROTECTED_INDEXES)} of them the system's."
        )
        raise Invalid.at("payload_indexes", sentence)


def wanted_indexes(
    namespace: Namespace,
    given: Sequence[PayloadIndexInput],
    required: Mapping[str, Mapping[str, Any]],
) -> dict[str, StoredIndex]:
    """Return {field: index} of the custom indexes asked for; Invalid holds every fault.

    System indexes and those of extractors may be sent back as they are; they do not
    belong to the list. An index that was made automatically keeps that origin.
    """
    if len(given) > MAX_SENT_INDEXES:
        sentence = (
            f"{len(given):,} indexes were sent; a namespace may have {MAX_INDEXES}."
        )
        raise Invalid.at("payload_indexes", sentence)
    stored = {index.field_name: index for index in namespace.indexes}
    fixed = {**PROTECTED_INDEXES, **required}
    found: dict[str, StoredIndex] = {}
    faults: dict[str, list[str]] = {}
    for number, entry in enumerate(given):
        at = f"payload_indexes.{number}"
        try:
            if _is_fixed(entry, fixed, at):
                continue
            index = _one(entry, stored.get(entry.field_name), at)
            if index.field_name in found:
                raise Invalid.at(
                    f"{at}.field_name", f"{index.field_name} is in the list twice."
                )
            found[index.field_name] = index
        except Invalid as fault:
            faults.update(fault.errors)
    if faults:
        raise Invalid.all(faults)
    return found


def _kind(entry: PayloadIndexInput, at: str) -> IndexType:
    """The type, from the entry or its schema; the two must agree."""
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
    """Tell whether the entry is a system or extractor index, sent back unchanged."""
    name = entry.field_name
    if name not in fixed:
        if entry.is_protected:
            raise Invalid.at(
                f"{at}.is_protected", f"{name} is not one of the system's indexes."
            )
        return False
    if not entry.is_protected:
        sentence = f"{name} is indexed by the system and cannot be changed."
        raise Invalid.at(f"{at}.field_name", sentence)
    kind = _kind(entry, at)
    full = {**INDEX_DEFAULTS[kind], **fixed[name]}
    sent = {**full, **(entry.field_schema or {})}
    if kind != fixed[name]["type"] or sent != full:
        sentence = f"{name} is indexed by the system and cannot be changed."
        raise Invalid.at(f"{at}.field_schema", sentence)
    return True


def _one(entry: PayloadIndexInput, before: StoredIndex | None, at: str) -> StoredIndex:
    name = entry.field_name
    if before is None:  # what another writer made may stay
        name = clean_field_name(name, at=f"{at}.field_name")
    kind = _kind(entry, at)
    kept = before.schema if before is not None and before.type == kind else {}
    schema = clean_schema(
        kind, entry.field_schema or {}, at=f"{at}.field_schema", kept=kept
    )
    return StoredIndex(name, schema, before.origin if before is not None else "user")
