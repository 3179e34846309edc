"""The namespace document that a clone starts with.

Every copied key is listed here, so that new keys of the source are never copied by
accident.
"""

import copy
from datetime import datetime
from typing import Any
from uuid import UUID

from nsadmin.clones.request import CloneRequest
from nsadmin.clones.rewrite.id_map import new_id
from nsadmin.clones.target import Target, infrastructure
from nsadmin.namespaces.placement.clusters import collection_key
from nsadmin.namespaces.schema.document import Namespace, index_entry
from nsadmin.namespaces.schema.text import name_key

Raw = dict[str, Any]


def target_document(
    source: Namespace,
    request: CloneRequest,
    *,
    job_id: UUID,
    target: Target,
    internal_id: str,
    now: datetime,
) -> Raw:
    """Return the document of the clone in status `cloning`.

    Extractors, indexes, the inference map and automatic index creation come from the
    source, as does the description unless the request has one. Scope, type and expiry
    do not: a clone belongs to the organization that makes it, in a collection named by
    its id. Tier, cluster and key are those of the target. Raises like
    `target.infrastructure`.
    """
    namespace_id = new_id(job_id, "namespaces", source.namespace_id)
    description = source.description
    if request.description is not None:
        description = request.description
    made: Raw = {
        "_id": namespace_id,
        "namespace_id": namespace_id,
        "internal_id": internal_id,
        "namespace_name": request.namespace_name,
        "name_key": name_key(request.namespace_name),
        "namespace_type": "standard",
        "scope": "org",
        "infrastructure": infrastructure(
            source, target, namespace_id=namespace_id, internal_id=internal_id
        ),
        **_copied_configuration(source),
        "clone_status": "cloning",
        "clone_task_id": str(job_id),
        "source_namespace_id": source.namespace_id,
        **_first_revision(now),
        **({"description": description} if description else {}),
    }
    return {**made, "collection_key": collection_key(made)}


def _copied_configuration(source: Namespace) -> Raw:
    """Return the keys whose values are the source's."""
    return {
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
    }


def _first_revision(now: datetime) -> Raw:
    """Return the keys of the change history; MongoDB stores whole milliseconds."""
    created_at = now.replace(microsecond=now.microsecond // 1000 * 1000)
    return {
        "created_at": created_at,
        "updated_at": created_at,
        "revision": 1,
        "observed_revision": 0,
        "changes": [],
    }
