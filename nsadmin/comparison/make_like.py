"""The configuration that makes one namespace like another, as far as a plan can. Pure.

A plan adds extractors with their vectors and indexes, changes and drops custom indexes,
and sets fields. It removes no vector, brings no documents, and changes the tier only on
a page of its own; for each of these there is a sentence.
"""

from dataclasses import dataclass
from typing import Any, Final

from nsadmin.namespaces.plan.desired import required_indexes
from nsadmin.namespaces.schema import config
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.extractors import REGISTRY
from nsadmin.namespaces.schema.index_parameters import FURTHER_PARAMETERS
from nsadmin.namespaces.schema.payload_indexes import (
    INDEX_DEFAULTS,
    PROTECTED_INDEXES,
)

Entry = dict[str, Any]

NO_DOCUMENTS: Final = "Documents, objects and other resources are not copied."


@dataclass(frozen=True, slots=True)
class Likeness:
    """The configuration as YAML; `is_empty` if it changes nothing.

    `limits` has a sentence for each difference that the plan leaves.
    """

    text: str
    is_empty: bool
    limits: tuple[str, ...]


def likeness(left: Namespace, right: Namespace) -> Likeness:
    """Return the configuration of `left` for `right`, which keeps its name and tier."""
    ours, theirs = config.export_config(left), config.export_config(right)
    limits: list[str] = []
    wanted = {
        **theirs,
        "description": ours["description"],
        "auto_create_indexes": ours["auto_create_indexes"],
        "feature_extractors": _extractors(left, right, ours, theirs, limits),
    }
    wanted["payload_indexes"] = _indexes(left, right, ours, theirs, limits)
    del wanted["infrastructure"]
    if left.tier != right.tier:
        limits.append("The tier is changed on the page Tier, by an admin.")
    limits.append(NO_DOCUMENTS)
    is_empty = all(theirs[key] == value for key, value in wanted.items())
    return Likeness(config.dump(wanted), is_empty, tuple(limits))


def _extractors(
    left: Namespace, right: Namespace, ours: Entry, theirs: Entry, limits: list[str]
) -> list[Entry]:
    """Return the right side's extractors, and those that only the left has."""
    known = {entry.id: entry.params or {} for entry in right.extractors}
    wanted = {entry.id: entry.params or {} for entry in left.extractors}
    for own_id, params in wanted.items():
        if own_id not in known:
            continue
        registered = REGISTRY.get(own_id)
        defaults = dict(registered.defaults) if registered else {}
        if {**defaults, **params} != {**defaults, **known[own_id]}:
            limits.append(f"The parameters of {own_id} cannot be changed.")
    extra = sorted(known.keys() - wanted.keys())
    if extra:
        limits.append(
            f"{', '.join(extra)} cannot be removed; neither can the vectors of it."
            if len(extra) == 1
            else f"{', '.join(extra)} cannot be removed; neither can their vectors."
        )
    missing = wanted.keys() - known.keys()
    added = zip(left.extractors, ours["feature_extractors"], strict=True)
    kept: list[Entry] = theirs["feature_extractors"]
    return [*kept, *(entry for e, entry in added if e.id in missing)]


def _indexes(
    left: Namespace, right: Namespace, ours: Entry, theirs: Entry, limits: list[str]
) -> list[Entry]:
    """Return the left side's custom indexes, with parameters that a plan can set.

    A custom index of the right on a field that the left has indexed otherwise, by an
    extractor or the system, stays.
    """
    fixed = {**PROTECTED_INDEXES, **required_indexes(left)}
    wanted = {entry["field_name"]: entry for entry in ours["payload_indexes"]}
    there = {entry["field_name"]: entry for entry in theirs["payload_indexes"]}
    required = {**PROTECTED_INDEXES, **required_indexes(right)}
    made = [
        there[name]
        if name in there and there[name] == entry
        else _settable(entry, limits)
        for name, entry in wanted.items()
        if name not in required or name in there
    ]
    made += [
        entry for name, entry in there.items() if name not in wanted and name in fixed
    ]
    return sorted(made, key=lambda entry: str(entry["field_name"]))


def _settable(entry: Entry, limits: list[str]) -> Entry:
    kind = entry["type"]
    known = {*INDEX_DEFAULTS.get(kind, {}), *FURTHER_PARAMETERS.get(kind, {})}
    schema = entry["field_schema"]
    unknown = sorted(set(schema) - known)
    if unknown:
        limits.append(
            f"The index on {entry['field_name']} is made without "
            f"{', '.join(unknown)}, which a plan cannot set."
        )
    return {**entry, "field_schema": {k: v for k, v in schema.items() if k in known}}
