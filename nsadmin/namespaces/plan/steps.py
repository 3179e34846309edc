"""The steps a plan is made of: each can say what it does and be written down. Pure."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Literal

from nsadmin.namespaces.schema.document import Origin, Raw
from nsadmin.namespaces.schema.payload_indexes import INDEX_DEFAULTS

Store = Literal["namespace store", "Qdrant"]


# Fields of the object `infrastructure` are steps of their own.
INFRASTRUCTURE = "infrastructure."


def quote_value(value: Any) -> str:
    """Write a value the way a sentence quotes it."""
    if value is None or value == "":
        return "nothing"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"“{value}”" if isinstance(value, str) else str(value)


_FIELD_WORDS = {
    "expires_at": "end",
    "namespace_name": "name",
    "description": "description",
    "auto_create_indexes": "automatic index creation",
    "infrastructure.compute_tier": "tier",
    "infrastructure.qdrant_url": "Qdrant address",
    "infrastructure.ray_head_node_url": "Ray head node",
    "infrastructure.gpu_type": "GPU type",
    "infrastructure.gpus_per_worker": "number of GPUs per worker",
    "infrastructure.min_workers": "least number of workers",
    "infrastructure.max_workers": "largest number of workers",
    "infrastructure.autoscaling_enabled": "autoscaling",
    "infrastructure.max_concurrent_jobs": "number of jobs at once",
    "infrastructure.max_custom_models": "number of own models",
    "infrastructure.max_custom_plugins": "number of own plugins",
    "infrastructure.description": "remark on the infrastructure",
}
_TIER_WORDS = {
    "shared": "shared",
    "dedicated_cpu": "dedicated CPU",
    "dedicated_gpu": "dedicated GPU",
}


def format_parameter(value: Any) -> str:
    """Write a parameter's value in words, whatever another writer put there."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or value in ("", [], {}):
        return "not set"
    if isinstance(value, dict):
        return ", ".join(
            f"{key} {format_parameter(inside)}" for key, inside in value.items()
        )
    if isinstance(value, list | tuple):
        return ", ".join(format_parameter(inside) for inside in value)
    return str(value)


def changed_parameters(before: Raw, after: Raw) -> tuple[str, str]:
    """Return old and new of the parameters that differ, defaults included.

    Of another type only what is not its default is said: hardly a parameter is shared.
    """
    if before["type"] != after["type"]:
        return _typed(before), _typed(after)
    usual = INDEX_DEFAULTS.get(before["type"], {})
    old, new = {**usual, **before}, {**usual, **after}
    changed = [key for key in sorted({**old, **new}) if old.get(key) != new.get(key)]
    return (
        ", ".join(f"{key} {format_parameter(old.get(key))}" for key in changed),
        ", ".join(f"{key} {format_parameter(new.get(key))}" for key in changed),
    )


def _typed(schema: Raw) -> str:
    said = format_parameters(schema)
    return f"type {schema['type']}, {said}" if said else f"type {schema['type']}"


def format_parameters(schema: Raw) -> str:
    """Describe the index parameters that are not the default: `tokenizer prefix`."""
    usual = {"type": schema["type"], **INDEX_DEFAULTS.get(schema["type"], {})}
    parts = [
        f"{key} {format_parameter(value)}"
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
        is_unset = self.before in (None, "")
        verb = "Remove" if not self.after else "Set" if is_unset else "Change"
        if self.field in ("description", "infrastructure.description"):
            return f"{verb} the {word}."
        if self.field == "protected":
            return (
                "Protect the namespace from deletion."
                if self.after
                else "Lift the protection from deletion."
            )
        if self.field == "namespace_name":
            return (
                f"Rename from {quote_value(self.before)} to {quote_value(self.after)}."
            )
        if self.field == "infrastructure.compute_tier":
            before, after = _TIER_WORDS[self.before], _TIER_WORDS[self.after]
            return f"Change the tier from {before} to {after}."
        if isinstance(self.after, bool):
            return f"Turn {word} {'on' if self.after else 'off'}."
        if self.after is None:
            return f"Remove the {word}, {quote_value(self.before)}."
        if is_unset:
            return f"Set the {word} to {quote_value(self.after)}."
        before, after = quote_value(self.before), quote_value(self.after)
        return f"Change the {word} from {before} to {after}."


@dataclass(frozen=True, slots=True)
class SetSecret:
    """Store, replace or remove a secret that is bound to `destination`.

    `before` and `after` are keyed fingerprints, empty for none: another secret is
    another plan, and the plan tells nothing of either. `shown` leaves them out.
    """

    kind: ClassVar[str] = "set_secret"
    store: ClassVar[Store] = "namespace store"
    field: str
    destination: str
    before: str
    after: str

    def sentence(self) -> str:
        """Say what becomes of the secret, never what it is."""
        if not self.after:
            return "Remove the stored Qdrant API key."
        verb = "Replace" if self.before else "Store"
        return f"{verb} the Qdrant API key, sealed for {self.destination}."


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
    # None where it is not known, and in steps that were written before it was kept.
    inference: str | None = None

    def sentence(self) -> str:
        """Say what is added, and which inference service fills it where known."""
        shape = f"{self.size:,}, {self.distance}"
        service = f", inference service {self.inference}" if self.inference else ""
        return f"Add the vector {self.name} ({shape}{service})."


@dataclass(frozen=True, slots=True)
class CreateCollection:
    """Make the collection of a new namespace; `vectors` maps a name to size, distance.

    The collection says which namespace it belongs to, so that nobody takes another's.
    """

    kind: ClassVar[str] = "create_collection"
    store: ClassVar[Store] = "Qdrant"
    namespace_id: str
    vectors: dict[str, list[Any]]

    def sentence(self) -> str:
        """Say what is made."""
        made = [f"{n} ({s:,}, {d})" for n, (s, d) in self.vectors.items()]
        if not made:
            return "Make the collection, without vectors."
        word = "the vector" if len(made) == 1 else "the vectors"
        return f"Make the collection with {word} {', '.join(made)}."


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
        parameters = format_parameters(self.schema)
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


Step = (
    SetField
    | SetSecret
    | AppendExtractor
    | AddVector
    | CreateCollection
    | CreateIndex
    | DropIndex
)

_KINDS: dict[str, type[Step]] = {
    cls.kind: cls
    for cls in (
        SetField,
        SetSecret,
        AppendExtractor,
        AddVector,
        CreateCollection,
        CreateIndex,
        DropIndex,
    )
}


def to_json(step: Step) -> Raw:
    """Write a step down."""
    return {"kind": step.kind, **asdict(step)}


def to_public_json(step: Step) -> Raw:
    """Write a step down for readers: of a secret only whether there is one."""
    written = to_json(step)
    if isinstance(step, SetSecret):
        written["before"] = "set" if step.before else None
        written["after"] = "set" if step.after else None
    return written


def from_json(data: Raw) -> Step:
    """Read a step that `to_json` wrote; keys that a later version added are dropped."""
    cls = _KINDS[data["kind"]]
    known = {field.name for field in fields(cls)}
    return cls(**{key: value for key, value in data.items() if key in known})


def in_qdrant(steps: Iterable[Step]) -> list[Step]:
    """Return the steps that Qdrant carries out, in order."""
    return [step for step in steps if step.store == "Qdrant"]
