"""The first document of a new namespace and the steps that create it. Pure."""

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
    request: NewNamespace,
    *,
    namespace_id: str,
    internal_id: str,
    facts: ClusterFacts,
    now: datetime,
) -> Raw:
    """Return the document of a new namespace before any step is applied to it.

    It holds ids, name, owner, infrastructure and expiry, but no secrets: the caller
    seals them and adds them.
    """
    moment = now.replace(microsecond=now.microsecond // 1000 * 1000)
    raw: Raw = {
        "_id": namespace_id,
        "namespace_id": namespace_id,
        "internal_id": internal_id,
        "namespace_name": request.namespace_name,
        "name_key": name_key(request.namespace_name),
        "namespace_type": "standard",
        "scope": request.scope or "org",
        "infrastructure": new_infrastructure(
            request.infrastructure, namespace_id, facts
        ),
        "feature_extractors": [],
        "payload_indexes": [],
        "auto_create_indexes": bool(request.auto_create_indexes),
        "vector_inference_map": {},
        "created_at": moment,
        "revision": 0,
        "observed_revision": 0,
        "changes": [],
    }
    if request.description:
        raw["description"] = request.description
    if request.ttl_seconds is not None:
        raw["expires_at"] = moment + timedelta(seconds=request.ttl_seconds)
    return raw


def creation_plan(
    namespace: Namespace,
    request: NewNamespace,
    registry: Mapping[str, Extractor] = extractors.REGISTRY,
) -> Plan:
    """Return the steps that create the namespace: extractors, collection, indexes."""
    registered = extractor_steps(namespace, request.extractors, registry, None)
    vectors = {
        name: list(shape)
        for step in registered
        for name, shape in step.added_vectors.items()
    }
    if not vectors:
        message = "These extractors add no vectors; a collection needs at least one."
        raise Invalid.at("feature_extractors", message)
    # The collection is created with the vectors of the extractors.
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
    planned += index_steps(
        after, request.payload_indexes or [], required, like=request.stored_indexes
    )
    return Plan(namespace.namespace_id, 0, tuple(planned))


def new_infrastructure(sent: Raw | None, namespace_id: str, facts: ClusterFacts) -> Raw:
    """Return the infrastructure object of a new document, without a cluster's key.

    Raises Invalid for values that are not allowed.
    """
    name = parse(sent or {}).get("qdrant_collection", namespace_id)
    message = ""
    if not _COLLECTION.fullmatch(name):
        message = "Use letters, digits, hyphens, dots and underscores."
    elif _ID_SHAPE.fullmatch(name) and name != namespace_id:
        message = "The name has the form of another namespace's id."
    if message:
        raise Invalid.at(f"{INFRASTRUCTURE}qdrant_collection", message)
    stored: Raw = {
        "qdrant_collection": name,
        "compute_tier": "shared",
        "max_concurrent_jobs": 10,
        "autoscaling_enabled": True,
    }
    raw: Raw = {"_id": namespace_id, "infrastructure": stored}
    steps = infrastructure_steps(document.read(raw), sent or {}, facts)
    after: Raw = apply_steps(raw, steps)["infrastructure"]
    return after
