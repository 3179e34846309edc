"""A namespace that is not there yet: its document and the steps that make it. Pure."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from nsadmin.errors import Invalid
from nsadmin.namespaces.plan.desired import origin_of, required_indexes
from nsadmin.namespaces.plan.extractor_steps import extractor_steps
from nsadmin.namespaces.plan.index_steps import index_steps
from nsadmin.namespaces.plan.infrastructure_steps import (
    ClusterFacts,
    infrastructure_steps,
    parse,
)
from nsadmin.namespaces.plan.plan import Plan, apply_steps
from nsadmin.namespaces.plan.steps import (
    INFRASTRUCTURE,
    CreateCollection,
    CreateIndex,
    Step,
)
from nsadmin.namespaces.schema import document, extractors
from nsadmin.namespaces.schema.creation import NewNamespace
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.extractor_registry import Extractor
from nsadmin.namespaces.schema.payload_indexes import PROTECTED_INDEXES
from nsadmin.namespaces.schema.text import name_key

_COLLECTION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{2,127}")
_ID_SHAPE = re.compile(r"ns_.*", re.IGNORECASE)


def blank(
    wanted: NewNamespace,
    *,
    namespace_id: str,
    internal_id: str,
    told: ClusterFacts,
    now: datetime,
) -> Raw:
    """Return the document before its first step: who, where and until when.

    Secrets are not in it: whoever seals them adds them.
    """
    moment = now.replace(microsecond=now.microsecond // 1000 * 1000)
    raw: Raw = {
        "_id": namespace_id,
        "namespace_id": namespace_id,
        "internal_id": internal_id,
        "namespace_name": wanted.namespace_name,
        "name_key": name_key(wanted.namespace_name),
        "namespace_type": "standard",
        "scope": wanted.scope or "org",
        "infrastructure": new_infrastructure(wanted.infrastructure, namespace_id, told),
        "feature_extractors": [],
        "payload_indexes": [],
        "auto_create_indexes": bool(wanted.auto_create_indexes),
        "vector_inference_map": {},
        "created_at": moment,
        "revision": 0,
        "observed_revision": 0,
        "changes": [],
    }
    if wanted.description:
        raw["description"] = wanted.description
    if wanted.ttl_seconds is not None:
        raw["expires_at"] = moment + timedelta(seconds=wanted.ttl_seconds)
    return raw


def creation_plan(
    namespace: Namespace,
    wanted: NewNamespace,
    registry: Mapping[str, Extractor] = extractors.REGISTRY,
) -> Plan:
    """Return the steps that make the namespace: extractors, collection, indexes."""
    registered = extractor_steps(namespace, wanted.extractors, registry, None)
    vectors = {
        name: list(shape)
        for step in registered
        for name, shape in step.added_vectors.items()
    }
    if not vectors:
        sentence = "These extractors bring no vector; a collection needs at least one."
        raise Invalid.at("feature_extractors", sentence)
    # Vectors and indexes of extractors come with the collection.
    planned: list[Step] = [step for step in registered if step.store != "Qdrant"]
    planned.append(CreateCollection(namespace.namespace_id, vectors))
    after = document.read(apply_steps(namespace.raw, planned))
    required = required_indexes(after, registry)
    planned += [
        CreateIndex(
            field, dict(schema), origin_of(after, field, registry), declared=True
        )
        for field, schema in {**PROTECTED_INDEXES, **required}.items()
    ]
    planned += index_steps(after, wanted.payload_indexes or [], required)
    return Plan(namespace.namespace_id, 0, tuple(planned))


def new_infrastructure(given: Raw | None, namespace_id: str, told: ClusterFacts) -> Raw:
    """Return what is stored of the infrastructure, without the key of its cluster."""
    name = parse(given or {}).get("qdrant_collection", namespace_id)
    sentence = ""
    if not _COLLECTION.fullmatch(name):
        sentence = "A name has letters, digits, hyphens, dots and underscores."
    elif _ID_SHAPE.fullmatch(name) and name != namespace_id:
        sentence = "The name is shaped like the id of another namespace."
    if sentence:
        raise Invalid.at(f"{INFRASTRUCTURE}qdrant_collection", sentence)
    stored: Raw = {
        "qdrant_collection": name,
        "compute_tier": "shared",
        "max_concurrent_jobs": 10,
        "autoscaling_enabled": True,
    }
    raw: Raw = {"_id": namespace_id, "infrastructure": stored}
    steps = infrastructure_steps(document.read(raw), given or {}, told)
    after: Raw = apply_steps(raw, steps)["infrastructure"]
    return after
