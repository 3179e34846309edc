"""Changes of the infrastructure: judged field by field, then as steps. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError as Faulty

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
    "ray_dashboard_url": "Nothing reads a dashboard's address, so none is kept.",
    "s3_vector_bucket": "Vectors live in Qdrant; there is no bucket to choose.",
    "s3_plugin_bucket": "Where plugins are kept is the platform's choice.",
    "s3_plugin_prefix": "Where plugins are kept is the platform's choice.",
    "compute_profiles": "Profiles for single extractors are not offered here.",
    "authorization": "External authorization of documents is not offered here.",
}
_RAY_URL = re.compile(r"ray://[A-Za-z0-9]([A-Za-z0-9.-]{0,252}):([0-9]{1,5})")
_GPU_TYPE = re.compile(rf"[A-Za-z0-9][A-Za-z0-9 ._-]{{0,{GPU_TYPE_MAX - 1}}}")
# It is sent as a header.
_API_KEY = re.compile(rf"[\x21-\x7e]{{1,{API_KEY_MAX}}}")


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """What the stores' room alone can tell of addresses and keys.

    Addresses are in their normal form. `key` and `stored_key` are keyed fingerprints:
    the same for the same key at the same address, and nothing more; empty for none.
    `faults` are of the sent address.
    """

    url: str = ""
    stored_url: str = ""
    key: str = ""
    stored_key: str = ""
    faults: Mapping[str, list[str]] = field(default_factory=dict)


NO_FACTS = ClusterFacts()


@dataclass(frozen=True, slots=True)
class StoredKey:
    """That a key is stored, and by whom and when it was, where that is known."""

    is_set: bool
    set_by: str = ""
    set_at: datetime | None = None


def has_stored_key(namespace: Namespace) -> StoredKey:
    """Tell of the stored key what may be told; the mirror only knows of one."""
    sealed = namespace.infrastructure.get(SEALED_FIELD)
    if not isinstance(sealed, dict):
        return StoredKey(bool(namespace.infrastructure.get("qdrant_api_key_provided")))
    try:
        set_at = datetime.fromisoformat(str(sealed.get("set_at")))
    except ValueError:
        set_at = None
    return StoredKey(True, str(sealed.get("set_by") or ""), set_at)  # noqa: FBT003


def parse(given: Raw) -> Raw:
    """Return what is said and not null, or raise Invalid; the key stays wrapped."""
    try:
        wanted = InfrastructureInput.model_validate(given)
    except Faulty as error:
        found = errors_of(error, InfrastructureInput)
        faults = {f"{INFRASTRUCTURE}{k}": v for k, v in found.items()}
        raise Invalid.all(faults) from None
    return wanted.model_dump(exclude_none=True)


def differs(namespace: Namespace, given: Raw) -> bool:
    """Tell whether the input says anything but what is stored; null says nothing."""
    said = {key: value for key, value in given.items() if value is not None}
    return any(
        value != _stored(namespace, key) or key in SECRET_KEYS
        for key, value in said.items()
    )


def infrastructure_steps(
    namespace: Namespace, given: Raw, told: ClusterFacts
) -> list[Step]:
    """Return the steps that make the stored object what the input asks for.

    Raises Invalid with every fault at once.
    """
    sent = parse(given)
    faults: dict[str, list[str]] = {
        **_refused(namespace, sent),
        **_misshapen(sent),
        **told.faults,
    }
    after = _after(namespace, sent, told)
    # A key beside a refused address has no fingerprint; it was sent all the same.
    has_key = bool(told.key or told.stored_key or sent.get(KEY_FIELD))
    for key, sentence in tiers.tier_errors(
        namespace, sent, after, has_key=has_key
    ).items():
        faults.setdefault(INFRASTRUCTURE + key, [sentence])
    moved = bool(told.url) and told.url != told.stored_url
    if moved and not told.key and not faults:
        faults[INFRASTRUCTURE + KEY_FIELD] = [
            "A new address needs its key: a stored key is never sent elsewhere."
        ]
    if faults:
        raise Invalid.all(faults)
    return _steps(namespace, after, told)


def _after(namespace: Namespace, sent: Raw, told: ClusterFacts) -> Raw:
    """Return the public values as they would be; None for what goes."""
    after = {key: namespace.infrastructure.get(key) for key in OFFERED}
    after["compute_tier"] = namespace.tier
    # Where nothing is stored the default counts, so that sending it changes nothing.
    after |= {
        key: sent[key]
        for key in OFFERED
        if key in sent and sent[key] != _stored(namespace, key)
    }
    if told.url:
        stays = told.url == told.stored_url
        stored = namespace.infrastructure.get("qdrant_url")
        after["qdrant_url"] = stored if stays else told.url
    if "description" in sent:
        after["description"] = clean_description(
            sent["description"], at="infrastructure.description"
        )
    if after["compute_tier"] == "shared" and namespace.tier != "shared":
        after["qdrant_url"] = None
    return {key: None if value == "" else value for key, value in after.items()}


def _steps(namespace: Namespace, after: Raw, told: ClusterFacts) -> list[Step]:
    before = {key: namespace.infrastructure.get(key) for key in OFFERED}
    before["compute_tier"] = namespace.tier
    found: list[Step] = []
    for name in OFFERED:
        if before[name] != after[name]:
            found.append(SetField(INFRASTRUCTURE + name, before[name], after[name]))
        if name == "qdrant_url":
            found += _key_steps(namespace, after, told)
    return found


def _key_steps(namespace: Namespace, after: Raw, told: ClusterFacts) -> list[Step]:
    key = told.key or told.stored_key
    if after["compute_tier"] == "shared" and namespace.tier != "shared":
        key = ""
    if key == told.stored_key:
        return []
    place = told.url or told.stored_url
    return [SetSecret(KEY_FIELD, place, told.stored_key, key)]


def _stored(namespace: Namespace, key: str) -> Any:
    """Return what a response says of a key, defaults included."""
    if key == "compute_tier":
        return namespace.tier
    if key == "qdrant_collection":
        return namespace.collection
    if key == "qdrant_api_key_provided":
        return SEALED_FIELD in namespace.infrastructure
    stored = namespace.infrastructure.get(key)
    return DEFAULTS.get(key) if stored is None else stored


def _refused(namespace: Namespace, sent: Raw) -> dict[str, list[str]]:
    """Keys that are known by name but cannot be changed here, with the reason."""
    reasons = dict(_NOT_OFFERED)
    reasons["qdrant_collection"] = "The collection of a namespace cannot be changed."
    if KEY_FIELD not in sent:
        reasons["qdrant_api_key_provided"] = (
            "This only tells whether a key is stored; send qdrant_api_key to store one."
        )
    return {
        INFRASTRUCTURE + key: [reason]
        for key, reason in reasons.items()
        if key in sent and sent[key] != _stored(namespace, key)
    }


def _misshapen(sent: Raw) -> dict[str, list[str]]:
    found = {}
    ray = _RAY_URL.fullmatch(sent.get("ray_head_node_url") or "ray://unset:1")
    if ray is None or not 1 <= int(ray[2]) <= 65535:
        found["ray_head_node_url"] = "Must look like ray://host:port."
    if not _GPU_TYPE.fullmatch(sent.get("gpu_type") or "unset"):
        found["gpu_type"] = "Must be a name such as A100."
    key = sent.get(KEY_FIELD)
    if key is not None and not _API_KEY.fullmatch(key.get_secret_value()):
        found[KEY_FIELD] = (
            f"Must be 1 to {API_KEY_MAX} visible ASCII characters without spaces."
        )
    return {INFRASTRUCTURE + key: [sentence] for key, sentence in found.items()}
