"""The steps a plan is made of: each can say what it does and be written down. Pure."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Literal

from nsadmin.namespaces.document import Origin, Raw
from nsadmin.namespaces.fields import INDEX_DEFAULTS

Store = Literal["namespace store", "Qdrant"]


def show(value: Any) -> str:
    """Write a value the way a sentence quotes it."""
    if value is None or value == "":
        return "nothing"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"“{value}”" if isinstance(value, str) else str(value)


_FIELD_WORDS = {
    "namespace_name": "name",
    "description": "description",
    "auto_create_indexes": "automatic index creation",
    "infrastructure": "infrastructure",
}


def words(schema: Raw) -> str:
    """Describe the index parameters that are not the default: `tokenizer prefix`."""
    usual = {"type": schema["type"], **INDEX_DEFAULTS[schema["type"]]}
    parts = [
        f"{key} {str(value).lower() if isinstance(value, bool) else value}"
        for key, value in sorted(schema.items())
        if usual.get(key) != value
    ]
    return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class SetField:
    """Give a field of the document a new value."""

    kind: ClassVar[str] = "set_field"
    store: ClassVar[Store] = "namespace store"
    field: str
    before: Any
    after: Any

    def sentence(self) -> str:
        """Say what changes."""
        word = _FIELD_WORDS.get(self.field, self.field)
        if self.field == "description":
            verb = (
                "Remove" if not self.after else "Set" if not self.before else "Change"
            )
            return f"{verb} the description."
        if self.field == "auto_create_indexes":
            return f"Turn {word} {'on' if self.after else 'off'}."
        if self.field == "namespace_name":
            return f"Rename from {show(self.before)} to {show(self.after)}."
        return f"Change the {word}."


@dataclass(frozen=True, slots=True)
class AppendExtractor:
    """Register a feature extractor; its parameters are locked from then on."""

    kind: ClassVar[str] = "append_extractor"
    store: ClassVar[Store] = "namespace store"
    name: str
    version: str
    params: Raw
    inference: dict[str, str]

    def sentence(self) -> str:
        """Say what is appended."""
        return f"Append the extractor {self.name} {self.version}; its parameters lock."


@dataclass(frozen=True, slots=True)
class AddVector:
    """Add a named vector to the live collection."""

    kind: ClassVar[str] = "add_vector"
    store: ClassVar[Store] = "Qdrant"
    name: str
    size: int
    distance: str
    extractor_id: str

    def sentence(self) -> str:
        """Say what is added."""
        return f"Add the vector {self.name} ({self.size:,}, {self.distance})."


@dataclass(frozen=True, slots=True)
class CreateIndex:
    """Build a payload index; `declared` ones are in the document already."""

    kind: ClassVar[str] = "create_index"
    store: ClassVar[Store] = "Qdrant"
    field: str
    schema: Raw
    origin: Origin = "user"
    declared: bool = False

    def sentence(self) -> str:
        """Say what is built."""
        parameters = words(self.schema)
        tail = f" with {parameters}" if parameters else ""
        return f"Build the {self.schema['type']} index on {self.field}{tail}."


@dataclass(frozen=True, slots=True)
class DropIndex:
    """Drop a payload index; `rebuilt` says that a new one follows.

    `declared` ones stay in the document: only Qdrant loses them for a while.
    """

    kind: ClassVar[str] = "drop_index"
    store: ClassVar[Store] = "Qdrant"
    field: str
    schema: Raw
    origin: Origin = "user"
    rebuilt: bool = False
    declared: bool = False

    def sentence(self) -> str:
        """Say what goes."""
        first = " first" if self.rebuilt else ""
        return f"Drop the {self.schema['type']} index on {self.field}{first}."


Step = SetField | AppendExtractor | AddVector | CreateIndex | DropIndex

_KINDS: dict[str, type[Step]] = {
    cls.kind: cls
    for cls in (SetField, AppendExtractor, AddVector, CreateIndex, DropIndex)
}


def to_json(step: Step) -> Raw:
    """Write a step down."""
    return {"kind": step.kind, **asdict(step)}


def from_json(data: Raw) -> Step:
    """Read a step that `to_json` wrote; keys that a later version added are dropped."""
    cls = _KINDS[data["kind"]]
    known = {field.name for field in fields(cls)}
    return cls(**{key: value for key, value in data.items() if key in known})


def in_qdrant(steps: Iterable[Step]) -> list[Step]:
    """Return the steps that Qdrant carries out, in order."""
    return [step for step in steps if step.store == "Qdrant"]
