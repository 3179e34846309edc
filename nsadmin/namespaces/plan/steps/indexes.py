"""Steps that build and drop payload indexes. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from nsadmin.namespaces.plan.desired import ActualCollection
from nsadmin.namespaces.plan.index_identity import is_same_index, unknown_parameters
from nsadmin.namespaces.plan.steps.base import (
    CollectionWriter,
    PlanWarning,
    Step,
    Store,
    Transition,
)
from nsadmin.namespaces.plan.steps.text import (
    changed_parameters,
    format_parameters,
    list_parameters,
)
from nsadmin.namespaces.schema.document import (
    Namespace,
    Origin,
    Raw,
    StoredIndex,
    index_entry,
)


@dataclass(frozen=True, slots=True)
class CreateIndex(Step):
    """Build a payload index; `declared` if the document lists it already."""

    kind: ClassVar[str] = "create_index"
    store: ClassVar[Store] = "Qdrant"
    field: str
    schema: Raw
    origin: Origin = "user"
    declared: bool = False

    def sentence(self) -> str:
        """Return the description with the parameters that are not defaults."""
        parameters = format_parameters(self.schema)
        tail = f" with {parameters}" if parameters else ""
        return f"Build the {self.schema['type']} index on {self.field}{tail}."

    def hint(self) -> str:
        """Return all parameters, and the effect of a build on searches."""
        parameters = list_parameters(self.schema)
        first = f"Parameters: {parameters}. " if parameters else ""
        return f"{first}Qdrant builds it while searches continue."

    def comparison(self, dropped: Mapping[str, Raw]) -> tuple[str, str]:
        """Return the parameters that differ from those of the dropped index."""
        if self.field not in dropped:
            return "", ""
        return changed_parameters(dropped[self.field], self.schema)

    def apply(self, document: Raw, *, sealed: Raw | None = None) -> Raw:
        """Add the index; automatic indexes on its field are allowed again."""
        if self.declared:
            return document
        stored = StoredIndex(self.field, dict(self.schema), self.origin)
        indexes = [*(document.get("payload_indexes") or []), index_entry(stored)]
        after = {**document, "payload_indexes": indexes}
        muted = document.get("muted_auto_indexes") or []
        if self.field in muted:
            after["muted_auto_indexes"] = sorted(set(muted) - {self.field})
        return after

    def rest_call(self, collection: str) -> tuple[str, Raw | None]:
        """Return the call that builds the index."""
        body = {"field_name": self.field, "field_schema": self.schema}
        return f"PUT /collections/{collection}/index?wait=true", body

    @property
    def builds_index(self) -> bool:
        """Always."""
        return True

    def execute(self, collection: CollectionWriter) -> bool:
        """Build the index."""
        return collection.create_index(self.field, self.schema)

    def is_done(self, actual: ActualCollection) -> bool:
        """Tell whether Qdrant has this index with these parameters."""
        index = actual.indexes.get(self.field)
        return index is not None and is_same_index(self.schema, index)

    def indexes_after(self, fields: set[str]) -> set[str]:
        """Return the fields and this one."""
        return fields | {self.field}

    def reconcile(
        self, actual: ActualCollection, dropped: Mapping[str, Raw]
    ) -> list[Step]:
        """Keep parameters that only Qdrant knows; first drop an index that differs."""
        index = actual.indexes.get(self.field)
        if index is None:
            return [self]
        schema = {**unknown_parameters(self.schema, index), **self.schema}
        create = replace(self, schema=schema)
        if self.field in dropped or is_same_index(schema, index):
            return [create]
        return [DropIndex(self.field, index, rebuilt=True, declared=True), create]

    @property
    def transition(self) -> Transition | None:
        """The added index; None if the document listed it before."""
        if self.declared:
            return None
        after = StoredIndex(self.field, dict(self.schema), self.origin)
        return IndexTransition(self.field, None, after, self.sentence())


@dataclass(frozen=True, slots=True)
class DropIndex(Step):
    """Drop a payload index; `rebuilt` if a new one is built next.

    `declared` if the document keeps it, or does not list it: only Qdrant changes.
    """

    kind: ClassVar[str] = "drop_index"
    store: ClassVar[Store] = "Qdrant"
    field: str
    schema: Raw
    origin: Origin = "user"
    rebuilt: bool = False
    declared: bool = False

    def sentence(self) -> str:
        """Return the description with the index's type and field."""
        first = " first" if self.rebuilt else ""
        return f"Drop the {self.schema['type']} index on {self.field}{first}."

    def hint(self) -> str:
        """Return the effect of the drop on the points."""
        if self.rebuilt:
            return ""
        return "Points keep the field; only fast filtering by it is lost."

    def apply(self, document: Raw, *, sealed: Raw | None = None) -> Raw:
        """Remove the index; a dropped automatic index is not created again."""
        if self.declared:
            return document
        after = dict(document)
        indexes = document.get("payload_indexes") or []
        kept = [entry for entry in indexes if entry.get("field_name") != self.field]
        if len(kept) != len(indexes):
            after["payload_indexes"] = kept
        if self.origin == "auto" and not self.rebuilt:
            muted = document.get("muted_auto_indexes") or []
            after["muted_auto_indexes"] = sorted({*muted, self.field})
        return after

    def rest_call(self, collection: str) -> tuple[str, Raw | None]:
        """Return the call that drops the index."""
        path = f"/collections/{collection}/index/{self.field}"
        return f"DELETE {path}?wait=true", None

    def execute(self, collection: CollectionWriter) -> bool:
        """Drop the index."""
        return collection.drop_index(self.field)

    def is_done(self, actual: ActualCollection) -> bool:
        """Tell whether the index is gone or another one has replaced it."""
        index = actual.indexes.get(self.field)
        return index is None or (self.rebuilt and not is_same_index(self.schema, index))

    @property
    def must_be_recorded(self) -> bool:
        """True before a build: the new index may look exactly like the old one."""
        return self.rebuilt

    @property
    def dropped_index(self) -> Mapping[str, Raw]:
        """The dropped index."""
        return {self.field: self.schema}

    def indexes_after(self, fields: set[str]) -> set[str]:
        """Return the fields without this one."""
        return fields - {self.field}

    def warnings(self, actual: ActualCollection | None) -> list[PlanWarning]:
        """Return the warning with the points that filters scan without the index.

        An empty collection has nothing to scan, so there is nothing to accept.
        """
        if actual is not None and not actual.points:
            return []
        until = " until the new index is built" if self.rebuilt else ""
        sentence = f"Filters on {self.field} scan {_points(actual)}{until}."
        return [PlanWarning(sentence, needs_tick=True)]

    @property
    def transition(self) -> Transition | None:
        """The removed index; None if the document does not change."""
        if self.declared:
            return None
        before = StoredIndex(self.field, dict(self.schema), self.origin)
        return IndexTransition(self.field, before, None, self.sentence())


def _points(actual: ActualCollection | None) -> str:
    if actual is None:
        return "every point"
    return "the one point" if actual.points == 1 else f"all {actual.points:,} points"


class IndexTransition(Transition):
    """A declared index (StoredIndex or None) before and after an operation."""

    __slots__ = ()

    @property
    def subject(self) -> str:
        """The index of the field."""
        return f"index on {self.name}"

    def steps_back(self, namespace: Namespace) -> list[Step]:
        """Return a drop of the new index and a build of the old one, if they exist."""
        stored = {index.field_name: index for index in namespace.indexes}
        now = stored.get(self.name)
        if _is_same(now, self.before):
            return []
        if not _is_same(now, self.after):
            raise self.changed_since(_index_now(now))
        steps: list[Step] = []
        if now is not None:
            rebuilt = self.before is not None
            steps.append(DropIndex(self.name, now.schema, now.origin, rebuilt=rebuilt))
        if self.before is not None:
            old: StoredIndex = self.before
            steps.append(CreateIndex(self.name, old.schema, old.origin))
        return steps


def _is_same(one: StoredIndex | None, other: StoredIndex | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.schema == other.schema


def _index_now(now: StoredIndex | None) -> str:
    if now is None:
        return "that index was dropped"
    parameters = format_parameters(now.schema)
    tail = f" with {parameters}" if parameters else ""
    return f"it is a {now.type} index{tail} now"
