"""Changes of the infrastructure: validation of each field, then steps. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from nsadmin.errors import Invalid
from nsadmin.namespaces.plan.steps import INFRASTRUCTURE, SetField, SetSecret, Step
from nsadmin.namespaces.schema import tiers
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.infrastructure import (
    DEFAULTS,
    KEY_FIELD,
    OFFERED,
    SEALED_FIELD,
    SECRET_KEYS,
    InfrastructureInput,
)
from nsadmin.namespaces.schema.limits import API_KEY_MAX, GPU_TYPE_MAX
from nsadmin.namespaces.schema.patch import errors_of
from nsadmin.namespaces.schema.text import clean_description

_NOT_OFFERED: Mapping[str, str] = {
    "ray_cluster_id": "Ray clusters are assigned by the platform.",
    "ray_dashboard_url": "The dashboard address is not used, so it is not stored.",
    "s3_vector_bucket": "Vectors are stored in Qdrant; there is no bucket to choose.",
    "s3_plugin_bucket": "The platform chooses where plugins are stored.",
    "s3_plugin_prefix": "The platform chooses where plugins are stored.",
    "compute_profiles": "Profiles for single extractors are not offered here.",
    "authorization": "External authorization of documents is not offered here.",
}
_RAY_URL = re.compile(r"ray://[A-Za-z0-9]([A-Za-z0-9.-]{0,252}):([0-9]{1,5})")
_GPU_TYPE = re.compile(rf"[A-Za-z0-9][A-Za-z0-9 ._-]{{0,{GPU_TYPE_MAX - 1}}}")
# The key is sent as an HTTP header.
_API_KEY = re.compile(rf"[\x21-\x7e]{{1,{API_KEY_MAX}}}")


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """The sent and stored Qdrant address and key, in a form that can be compared.

    Addresses are in their normal form. `key` and `stored_key` are keyed fingerprints:
    equal for the same key at the same address; empty if there is no key. `errors` are
    those of the sent address.
    """

    url: str = ""
    stored_url: str = ""
    key: str = ""
    stored_key: str = ""
    errors: Mapping[str, list[str]] = field(default_factory=dict)


NO_FACTS = ClusterFacts()


@dataclass(frozen=True, slots=True)
class StoredKey:
    """Whether a key is stored, and the person and time of storing it, if known."""

    is_set: bool
    set_by: str = ""
    set_at: datetime | None = None


def has_stored_key(namespace: Namespace) -> StoredKey:
    """Return the public facts about the stored key; never the key itself.

    A mirrored document only holds whether there is a key.
    """
    sealed = namespace.infrastructure.get(SEALED_FIELD)
    if not isinstance(sealed, dict):
        return StoredKey(bool(namespace.infrastructure.get("qdrant_api_key_provided")))
    try:
        set_at = datetime.fromisoformat(str(sealed.get("set_at")))
    except ValueError:
        set_at = None
    return StoredKey(True, str(sealed.get("set_by") or ""), set_at)  # noqa: FBT003


def parse(sent: Raw) -> Raw:
    """Return the sent values that are not null; the key stays a SecretStr.

    Raises Invalid with all errors.
    """
    try:
        validated = InfrastructureInput.model_validate(sent)
    except ValidationError as invalid:
        errors = errors_of(invalid, InfrastructureInput)
        raise Invalid.all(
            {INFRASTRUCTURE + key: messages for key, messages in errors.items()}
        ) from None
    return validated.model_dump(exclude_none=True)


def differs(namespace: Namespace, sent: Raw) -> bool:
    """Tell whether the sent values differ from the stored ones; null is ignored."""
    values = {key: value for key, value in sent.items() if value is not None}
    return any(
        value != _stored(namespace, key) or key in SECRET_KEYS
        for key, value in values.items()
    )


def infrastructure_steps(
    namespace: Namespace, sent: Raw, facts: ClusterFacts
) -> list[Step]:
    """Return the steps that change the stored infrastructure to the sent values.

    Raises Invalid with all errors.
    """
    sent = parse(sent)
    errors: dict[str, list[str]] = {
        **_unchangeable(namespace, sent),
        **_malformed(sent),
        **facts.errors,
    }
    after = _after(namespace, sent, facts)
    # A key that was sent with an invalid address has no fingerprint, but it was sent.
    has_key = bool(facts.key or facts.stored_key or sent.get(KEY_FIELD))
    for key, message in tiers.tier_errors(
        namespace, sent, after, has_key=has_key
    ).items():
        errors.setdefault(INFRASTRUCTURE + key, [message])
    moved = bool(facts.url) and facts.url != facts.stored_url
    if moved and not facts.key and not errors:
        errors[INFRASTRUCTURE + KEY_FIELD] = [
            "A new address needs its key: a stored key is never sent elsewhere."
        ]
    if errors:
        raise Invalid.all(errors)
    return _steps(namespace, after, facts)


def _after(namespace: Namespace, sent: Raw, facts: ClusterFacts) -> Raw:
    """Return the public values after the change; None for those that are removed."""
    after = {key: namespace.infrastructure.get(key) for key in OFFERED}
    after["compute_tier"] = namespace.tier
    # A value that is not stored has its default, so sending the default is no change.
    after |= {
        key: sent[key]
        for key in OFFERED
        if key in sent and sent[key] != _stored(namespace, key)
    }
    if facts.url:
        stays = facts.url == facts.stored_url
        stored = namespace.infrastructure.get("qdrant_url")
        after["qdrant_url"] = stored if stays else facts.url
    if "description" in sent:
        after["description"] = clean_description(
            sent["description"], at="infrastructure.description"
        )
    if after["compute_tier"] == "shared" and namespace.tier != "shared":
        after["qdrant_url"] = None
    return {key: None if value == "" else value for key, value in after.items()}


def _steps(namespace: Namespace, after: Raw, facts: ClusterFacts) -> list[Step]:
    before = {key: namespace.infrastructure.get(key) for key in OFFERED}
    before["compute_tier"] = namespace.tier
    steps: list[Step] = []
    for name in OFFERED:
        if before[name] != after[name]:
            steps.append(SetField(INFRASTRUCTURE + name, before[name], after[name]))
        if name == "qdrant_url":
            steps += _key_steps(namespace, after, facts)
    return steps


def _key_steps(namespace: Namespace, after: Raw, facts: ClusterFacts) -> list[Step]:
    key = facts.key or facts.stored_key
    if after["compute_tier"] == "shared" and namespace.tier != "shared":
        key = ""
    if key == facts.stored_key:
        return []
    place = facts.url or facts.stored_url
    return [
        SetSecret(
            field=KEY_FIELD, destination=place, before=facts.stored_key, after=key
        )
    ]


def _stored(namespace: Namespace, key: str) -> Any:
    """Return the value of a key as responses show it, defaults included."""
    if key == "compute_tier":
        return namespace.tier
    if key == "qdrant_collection":
        return namespace.collection
    if key == "qdrant_api_key_provided":
        return SEALED_FIELD in namespace.infrastructure
    stored = namespace.infrastructure.get(key)
    return DEFAULTS.get(key) if stored is None else stored


def _unchangeable(namespace: Namespace, sent: Raw) -> dict[str, list[str]]:
    """Return an error for each sent key that exists but cannot be changed."""
    reasons = dict(_NOT_OFFERED)
    reasons["qdrant_collection"] = "The collection of a namespace cannot be changed."
    if KEY_FIELD not in sent:
        reasons["qdrant_api_key_provided"] = (
            "This only shows whether a key is stored; send qdrant_api_key to store one."
        )
    return {
        INFRASTRUCTURE + key: [reason]
        for key, reason in reasons.items()
        if key in sent and sent[key] != _stored(namespace, key)
    }


def _malformed(sent: Raw) -> dict[str, list[str]]:
    errors = {}
    ray = _RAY_URL.fullmatch(sent.get("ray_head_node_url") or "ray://unset:1")
    if ray is None or not 1 <= int(ray[2]) <= 65535:
        errors["ray_head_node_url"] = "Must look like ray://host:port."
    if not _GPU_TYPE.fullmatch(sent.get("gpu_type") or "unset"):
        errors["gpu_type"] = "Must be a name such as A100."
    key = sent.get(KEY_FIELD)
    if key is not None and not _API_KEY.fullmatch(key.get_secret_value()):
        errors[KEY_FIELD] = (
            f"Must be 1 to {API_KEY_MAX} visible ASCII characters without spaces."
        )
    return {INFRASTRUCTURE + key: [message] for key, message in errors.items()}
