"""What is asked for several namespaces at once, as data and in words. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, get_args

from nsadmin.access.permissions import Action
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.patch import NamespacePatch, parse_patch
from nsadmin.namespaces.schema.payload_indexes import (
    INDEX_DEFAULTS,
    IndexType,
    clean_field_name,
)

Kind = Literal["auto_on", "auto_off", "index", "expiry", "template", "delete"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Asked:
    """One change, asked for each of several namespaces.

    `index` is an entry of `payload_indexes`; `expires_at` a time, None for no expiry;
    `configuration` is that of a template, whose name is `template_name`.
    """

    kind: Kind
    index: Mapping[str, Any] | None = None
    expires_at: datetime | None = None
    template_name: str = ""
    configuration: Mapping[str, Any] | None = None

    @property
    def action(self) -> Action:
        """The permission that it needs for each namespace."""
        is_deletion = self.kind == "delete"
        return Action.NAMESPACE_DELETE if is_deletion else Action.NAMESPACE_UPDATE

    @property
    def title(self) -> str:
        """The change in words, without its namespaces."""
        if self.kind == "index" and self.index is not None:
            return f"Add a {self.index['type']} index on {self.index['field_name']}"
        if self.kind == "template":
            return f"Apply the template {self.template_name}"
        if self.kind == "expiry":
            end = self.expires_at
            return f"Set the expiry to {end:%-d %b %Y %H:%M} UTC" if end else _NEVER
        return _TITLES[self.kind]

    def to_json(self) -> dict[str, Any]:
        """Return it as data."""
        return {
            "kind": self.kind,
            "index": dict(self.index) if self.index else None,
            "expires_at": self.expires_at.isoformat() if self.expires_at else None,
            "template_name": self.template_name,
            "configuration": dict(self.configuration) if self.configuration else None,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Asked":
        """Return what was written down."""
        end = data["expires_at"]
        return cls(**{**data, "expires_at": end and datetime.fromisoformat(end)})


_NEVER: Final = "Remove the expiry"
_TITLES: Final[Mapping[str, str]] = {
    "auto_on": "Turn on automatic indexes",
    "auto_off": "Turn off automatic indexes",
    "delete": "Delete namespaces",
}


def index_asked(field_name: str, type_: IndexType, *, at: str) -> Asked:
    """Return the change that adds an index with the parameters of its type.

    Raises Invalid at `at` for a field that has no such name.
    """
    name = clean_field_name(field_name, at=at)
    schema = {"type": type_, **INDEX_DEFAULTS[type_]}
    entry = {"field_name": name, "type": type_, "field_schema": schema}
    return Asked("index", index=entry)


def patch_for(asked: Asked, namespace: Namespace) -> tuple[NamespacePatch, list[str]]:
    """Return the patch for one namespace, and what it leaves as it is, in sentences.

    Nothing that the namespace has is changed or removed. Raises Invalid for an index or
    a configuration that cannot be sent.
    """
    if asked.kind == "index" and asked.index is not None:
        return _with_indexes({}, namespace, [asked.index])
    if asked.kind == "template" and asked.configuration is not None:
        body = {
            "feature_extractors": asked.configuration["feature_extractors"],
            "auto_create_indexes": asked.configuration["auto_create_indexes"],
        }
        return _with_indexes(body, namespace, asked.configuration["payload_indexes"])
    return parse_patch({"auto_create_indexes": asked.kind == "auto_on"}), []


def _with_indexes(
    body: dict[str, Any], namespace: Namespace, wanted: list[Mapping[str, Any]]
) -> tuple[NamespacePatch, list[str]]:
    """Return a patch that adds the indexes on fields that have none."""
    there = {index.field_name: index for index in namespace.indexes}
    added = [entry for entry in wanted if entry["field_name"] not in there]
    kept = [
        f"The {there[name].type} index on {name} stays as it is."
        for entry in wanted
        if (name := entry["field_name"]) in there and there[name].type != entry["type"]
    ]
    if added:
        own = [
            {
                "field_name": index.field_name,
                "type": index.type,
                "field_schema": dict(index.schema),
            }
            for index in namespace.indexes
        ]
        body = {**body, "payload_indexes": [*own, *(dict(one) for one in added)]}
    return parse_patch(body), kept
