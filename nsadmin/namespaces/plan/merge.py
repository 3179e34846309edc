"""A patch that was planned earlier, merged with what others have changed since. Pure.

Three versions of each value are compared: the one that was stored when the plan was
made, the one that the patch asks for, and the one that is stored now. What the patch
did not change then stays as it is now.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from nsadmin.errors import Conflict
from nsadmin.namespaces.plan.desired import required_indexes
from nsadmin.namespaces.plan.index_steps import declared_list, requested_indexes
from nsadmin.namespaces.plan.steps import Transition
from nsadmin.namespaces.plan.steps.indexes import IndexTransition
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.infrastructure import KEY_FIELD
from nsadmin.namespaces.schema.patch import NamespacePatch
from nsadmin.namespaces.schema.payload_indexes import PayloadIndexInput

INDEX: Final = "index:"
_PLACE: Final = "infrastructure."
_ADDRESS: Final = "qdrant_url"
_PLAIN: Final = ("namespace_name", "description", "auto_create_indexes")


@dataclass(frozen=True, slots=True)
class Contest:
    """A value that the patch and another person changed differently.

    `key` is a field of the patch, `infrastructure.` and a key of it, or `index:` and
    the indexed field. The value of an index is its parameters; None is no index.
    """

    key: str
    before: Any
    theirs: Any
    mine: Any


@dataclass(frozen=True, slots=True)
class Merged:
    """The patch as it is to be planned now, with what both sides changed."""

    patch: NamespacePatch
    contests: tuple[Contest, ...] = ()


def base_of(patch: NamespacePatch, namespace: Namespace) -> Raw:
    """Return {key: [stored value, asked value]} of a patch that can be planned.

    Of the indexes only those that the patch changes: no other one is its business.
    """
    base = {
        key: [_stored(namespace, key), value] for key, value in _asked(patch).items()
    }
    if patch.payload_indexes is not None:
        base |= _changed_indexes(namespace, patch.payload_indexes)
    found: Raw = _plain(base)
    return found


def older_base(base: Mapping[str, Any], values: Mapping[str, Any]) -> Raw:
    """Return a base of `base_of` with the values that were stored earlier."""
    return {
        key: [_plain(values[key]) if key in values else before, mine]
        for key, (before, mine) in base.items()
    }


def value_before(change: Transition) -> tuple[str, Any]:
    """Return the key of a changed value, and what it was before."""
    if isinstance(change, IndexTransition):
        return INDEX + change.name, change.before and change.before.schema
    return change.subject, change.before


def conflict_of(keys: Collection[str], since: str, what_to_do: str) -> Conflict:
    """Return the refusal of values that another person changed too, by their keys."""
    paths = [key.replace(INDEX, "payload_indexes.", 1) for key in keys]
    return Conflict(
        f"Another person changed {paths[0]} too, since {since}. {what_to_do}",
        code="edit_conflict",
        details={"field": paths[0], "fields": paths},
    )


def merged(
    patch: NamespacePatch,
    base: Mapping[str, Any],
    namespace: Namespace,
    given_up: Collection[str] = (),
) -> Merged:
    """Return the patch for the namespace as it is now; `base` is that of `base_of`.

    Of the keys in `given_up` the other person's change is kept.
    """
    contests, left = [], set()
    for key, (before, mine) in base.items():
        now = _plain(_stored(namespace, key))
        if now == before:
            continue
        if mine not in (before, now):
            contests.append(Contest(key, before, now, mine))
        if mine == before or key in given_up:
            left.add(key)
    update: Raw = {key: None for key in _PLAIN if key in left}
    if patch.infrastructure is not None:
        update["infrastructure"] = _place(patch.infrastructure, left, given_up)
    if patch.payload_indexes is not None:
        touched = {k.removeprefix(INDEX) for k in base.keys() - left if _is_index(k)}
        update["payload_indexes"] = _entries(patch.payload_indexes, touched, namespace)
    return Merged(patch.model_copy(update=update), tuple(contests))


def _place(sent: Raw, left: Collection[str], given_up: Collection[str]) -> Raw | None:
    """Return the infrastructure without what is left as it is; None if that is all.

    A key goes only to the address with which it was sent: both are left, or neither.
    """
    place = {key: value for key, value in sent.items() if _PLACE + key not in left}
    if KEY_FIELD in sent and _ADDRESS in sent and _ADDRESS not in place:
        if _PLACE + _ADDRESS in given_up:
            del place[KEY_FIELD]
        else:
            place[_ADDRESS] = sent[_ADDRESS]
    return place or None


def _is_index(key: str) -> bool:
    return key.startswith(INDEX)


def _asked(patch: NamespacePatch) -> Raw:
    """Return the asked values but those of indexes, of extractors and of the secret."""
    plain = {key: getattr(patch, key) for key in _PLAIN}
    asked = {key: value for key, value in plain.items() if value is not None}
    if "description" in asked:
        asked["description"] = asked["description"].strip() or None
    place = patch.infrastructure or {}
    return asked | {_PLACE + k: v for k, v in place.items() if k != KEY_FIELD}


def _stored(namespace: Namespace, key: str) -> Any:
    if _is_index(key):
        field = key.removeprefix(INDEX)
        return {i.field_name: i.schema for i in namespace.indexes}.get(field)
    if key == f"{_PLACE}compute_tier":
        return namespace.tier
    if key.startswith(_PLACE):
        return namespace.infrastructure.get(key.removeprefix(_PLACE))
    values = (namespace.name, namespace.description, namespace.auto_create_indexes)
    return dict(zip(_PLAIN, values, strict=True))[key]


def _changed_indexes(
    namespace: Namespace, entries: Collection[PayloadIndexInput]
) -> dict[str, list[Any]]:
    stored = {index.field_name: index.schema for index in namespace.indexes}
    wanted = requested_indexes(namespace, list(entries), required_indexes(namespace))
    asked = {field: index.schema for field, index in wanted.items()}
    return {
        INDEX + field: [stored.get(field), asked.get(field)]
        for field in {**stored, **asked}
        if stored.get(field) != asked.get(field)
    }


def _entries(
    sent: Collection[PayloadIndexInput], touched: Collection[str], namespace: Namespace
) -> list[PayloadIndexInput] | None:
    """Return the declared list after the changes of `touched`; None without any."""
    if not touched:
        return None
    own = [entry for entry in sent if entry.field_name in touched]
    others = [
        PayloadIndexInput.model_construct(**entry)
        for entry in declared_list(namespace)
        if entry["field_name"] not in touched
    ]
    return [*own, *others]


def _plain(value: Any) -> Any:
    """Return a value as JSON gives it back, so that it can be compared with one."""
    return json.loads(json.dumps(value, default=str))
