"""The namespace document that a clone starts with. Nothing is copied but by name."""

import copy
from datetime import datetime
from typing import Any
from uuid import UUID

from nsadmin.clones.request import CloneRequest
from nsadmin.clones.rewrite.id_map import new_id
from nsadmin.namespaces.plan.creation import new_infrastructure
from nsadmin.namespaces.plan.infrastructure_steps import NO_FACTS
from nsadmin.namespaces.schema.document import Namespace, index_entry
from nsadmin.namespaces.schema.text import name_key

Raw = dict[str, Any]


def target_document(
    source: Namespace,
    request: CloneRequest,
    *,
    job_id: UUID,
    internal_id: str,
    now: datetime,
) -> Raw:
    """Return the document of the clone, waiting for its data.

    Extractors, indexes, the inference map and automatic index creation come from the
    source, and its description where none is given. Scope, type, expiry, tier, cluster
    and secrets do not: a clone is an organization's own, in a collection named by its
    id, and its infrastructure is that of a namespace for which nobody asked for any.
    """
    own_id = new_id(job_id, "namespaces", source.namespace_id)
    moment = now.replace(microsecond=now.microsecond // 1000 * 1000)
    raw: Raw = {
        "_id": own_id,
        "namespace_id": own_id,
        "internal_id": internal_id,
        "namespace_name": request.namespace_name,
        "name_key": name_key(request.namespace_name),
        "namespace_type": "standard",
        "scope": "org",
        "infrastructure": new_infrastructure(None, own_id, NO_FACTS),
        "feature_extractors": [
            {
                "feature_extractor_name": extractor.name,
                "version": extractor.version,
                "params": copy.deepcopy(extractor.params or {}),
            }
            for extractor in source.extractors
        ],
        "payload_indexes": [index_entry(index) for index in source.indexes],
        "auto_create_indexes": source.auto_create_indexes,
        "vector_inference_map": dict(source.vector_inference_map),
        "clone_status": "cloning",
        "clone_task_id": str(job_id),
        "source_namespace_id": source.namespace_id,
        "created_at": moment,
        "updated_at": moment,
        "revision": 1,
        "observed_revision": 0,
        "changes": [],
    }
    described = request.description
    description = source.description if described is None else described
    if description:
        raw["description"] = description
    return raw
