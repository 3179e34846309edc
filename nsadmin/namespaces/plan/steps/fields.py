"""Steps that change fields of the document. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from nsadmin.namespaces.plan.desired import ActualCollection
from nsadmin.namespaces.plan.steps.base import PlanWarning, Step, Store, Transition
from nsadmin.namespaces.plan.steps.text import quote_value
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.infrastructure import SEALED_FIELD, SECRET_KEYS

# Fields of the object `infrastructure` are steps of their own, with this prefix.
INFRASTRUCTURE = "infrastructure."
# The fields that decide on which cluster a namespace runs.
PLACEMENT = (INFRASTRUCTURE + "compute_tier", INFRASTRUCTURE + "qdrant_url")
_TEXTS = ("description", "namespace_name", "infrastructure.description")
# Attributes of Namespace whose name differs from the field's.
_ATTRIBUTES = {"namespace_name": "name", "protected": "is_protected"}
_FIELD_WORDS = {
    "expires_at": "expiry",
    "namespace_name": "name",
    "description": "description",
    "auto_create_indexes": "automatic indexes",
    "infrastructure.compute_tier": "tier",
    "infrastructure.qdrant_url": "Qdrant address",
    "infrastructure.ray_head_node_url": "Ray head node",
    "infrastructure.gpu_type": "GPU type",
    "infrastructure.gpus_per_worker": "number of GPUs per worker",
    "infrastructure.min_workers": "minimum number of workers",
    "infrastructure.max_workers": "maximum number of workers",
    "infrastructure.autoscaling_enabled": "autoscaling",
    "infrastructure.max_concurrent_jobs": "number of concurrent jobs",
    "infrastructure.max_custom_models": "number of custom models",
    "infrastructure.max_custom_plugins": "number of custom plugins",
    "infrastructure.description": "infrastructure description",
}
_TIER_WORDS = {
    "shared": "shared",
    "dedicated_cpu": "dedicated CPU",
    "dedicated_gpu": "dedicated GPU",
}


@dataclass(frozen=True, slots=True)
class SetField(Step):
    """Set a field of the document; None removes it."""

    kind: ClassVar[str] = "set_field"
    store: ClassVar[Store] = "namespace store"
    field: str
    before: Any
    after: Any

    def sentence(self) -> str:
        """Return the description, with old and new value unless they are long."""
        word = _FIELD_WORDS.get(self.field, self.field)
        is_unset = self.before in (None, "")
        verb = "Remove" if not self.after else "Set" if is_unset else "Change"
        before, after = quote_value(self.before), quote_value(self.after)
        if self.field in ("description", "infrastructure.description"):
            return f"{verb} the {word}."
        if self.field == "protected":
            return (
                "Protect the namespace from deletion."
                if self.after
                else "Remove the protection from deletion."
            )
        if self.field == "namespace_name":
            return f"Rename from {before} to {after}."
        if self.field == "infrastructure.compute_tier":
            old, new = _TIER_WORDS[self.before], _TIER_WORDS[self.after]
            return f"Change the tier from {old} to {new}."
        if isinstance(self.after, bool):
            return f"Turn {word} {'on' if self.after else 'off'}."
        if self.after is None:
            return f"Remove the {word}, {before}."
        if is_unset:
            return f"Set the {word} to {after}."
        return f"Change the {word} from {before} to {after}."

    def hint(self) -> str:
        """Return the effect of a new name or of automatic indexes on programs."""
        if self.field == "namespace_name":
            return "Programs that use the old name find nothing; the id stays."
        if self.field == "auto_create_indexes" and self.after:
            return "Fields filtered more than 100 times in 24 h get an index."
        return ""

    def comparison(self, dropped: Mapping[str, Raw]) -> tuple[str, str]:
        """Return the old and new text of a name or description."""
        if self.field in _TEXTS:
            return self.before or "", self.after or ""
        return "", ""

    def apply(self, document: Raw, *, sealed: Raw | None = None) -> Raw:
        """Set the field; other keys of `infrastructure` stay as they are."""
        if not self.field.startswith(INFRASTRUCTURE):
            return _with_value(document, self.field, self.after)
        holder = document.get("infrastructure") or {}
        key = self.field.removeprefix(INFRASTRUCTURE)
        return {**document, "infrastructure": _with_value(holder, key, self.after)}

    @property
    def moves(self) -> bool:
        """Whether the field decides on which cluster the namespace runs."""
        return self.field in PLACEMENT

    def warnings(self, actual: ActualCollection | None) -> list[PlanWarning]:
        """Return the consequence of a new address, with both clusters."""
        if self.field != "infrastructure.qdrant_url":
            return []
        new, old = (
            value or "the shared cluster" for value in (self.after, self.before)
        )
        sentence = (
            f"From the switch on, every search and write goes to {new}; the collection "
            f"on {old} is kept for now."
        )
        return [PlanWarning(sentence)]

    @property
    def transition(self) -> Transition | None:
        """The value before and after."""
        return FieldTransition(self.field, self.before, self.after, self.sentence())

    @property
    def is_reversible(self) -> bool:
        """False for tier and address: their cluster has to be checked first.

        False for an expiry as well, which earlier versions recorded as a field.
        """
        return not self.moves and self.field != "expires_at"


class FieldTransition(Transition):
    """A field of the document before and after an operation."""

    __slots__ = ()

    @property
    def needs_delete(self) -> bool:
        """True of the protection, in both directions."""
        return self.name == "protected"

    def steps_back(self, namespace: Namespace) -> list[Step]:
        """Return the step that sets the old value."""
        now = _value(namespace, self.name)
        if now == self.before:
            return []
        if now != self.after:
            raise self.changed_since(f"it is {quote_value(now)[:120]} now")
        return [SetField(self.name, now, self.before)]


def _with_value(holder: Raw, key: str, value: Any) -> Raw:
    if value is None:
        return {name: kept for name, kept in holder.items() if name != key}
    return {**holder, key: value}


def _value(namespace: Namespace, field: str) -> Any:
    if field.startswith(INFRASTRUCTURE):
        return namespace.infrastructure.get(field.removeprefix(INFRASTRUCTURE))
    return getattr(namespace, _ATTRIBUTES.get(field, field), None)


@dataclass(frozen=True, slots=True)
class SetSecret(Step):
    """Store, replace or remove a secret that is bound to `destination`.

    `before` and `after` are keyed fingerprints, empty for no secret: another secret
    gives another digest, and neither secret is revealed. `public_json` omits them.
    """

    kind: ClassVar[str] = "set_secret"
    store: ClassVar[Store] = "namespace store"
    field: str
    destination: str
    before: str
    after: str

    def sentence(self) -> str:
        """Return the description, never with the secret's value."""
        if not self.after:
            return "Remove the stored Qdrant API key."
        verb = "Replace" if self.before else "Store"
        return f"{verb} the Qdrant API key, sealed for {self.destination}."

    def hint(self) -> str:
        """Return how the secret is stored."""
        if not self.after:
            return ""
        return "Sealed for this namespace and this address; never shown again."

    def apply(self, document: Raw, *, sealed: Raw | None = None) -> Raw:
        """Replace the stored secret by `sealed`, or remove it."""
        stored = document.get("infrastructure") or {}
        kept = {key: value for key, value in stored.items() if key not in SECRET_KEYS}
        if self.after and sealed:
            kept[SEALED_FIELD] = sealed
        return {**document, "infrastructure": kept}

    @property
    def moves(self) -> bool:
        """True: a new key is checked on the cluster first."""
        return True

    @property
    def stores_secret(self) -> bool:
        """Whether a new secret is stored."""
        return bool(self.after)

    def warnings(self, actual: ActualCollection | None) -> list[PlanWarning]:
        """Return the consequence of removing the secret."""
        if self.after:
            return []
        sentence = (
            f"The stored key of {self.destination} is removed. While “Move back” is "
            "offered, that still works; later a way back needs the key again."
        )
        return [PlanWarning(sentence)]

    @property
    def stays(self) -> str:
        """The reason why the old secret cannot be restored."""
        return "Old secrets are not kept, so this one cannot be restored."

    def public_json(self) -> Raw:
        """Return the step with `set` or None in place of the fingerprints."""
        public = Step.public_json(self)
        public["before"] = "set" if self.before else None
        public["after"] = "set" if self.after else None
        return public
