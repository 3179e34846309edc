"""What of a namespace is kept in a template, and a new namespace from that. Pure."""

from collections.abc import Mapping
from typing import Any

from nsadmin.namespaces.schema.creation import NewNamespace
from nsadmin.namespaces.schema.document import Namespace

Raw = dict[str, Any]

# Sizes and words; the tier and its addresses and keys belong to one namespace.
_KEPT = (
    "max_concurrent_jobs",
    "autoscaling_enabled",
    "min_workers",
    "max_workers",
    "description",
)


def configuration_of(namespace: Namespace) -> Raw:
    """Return what another namespace can be made from: no data, address or secret."""
    return {
        "feature_extractors": [
            {
                "feature_extractor_name": extractor.name,
                "version": extractor.version,
                "params": extractor.params or {},
            }
            for extractor in namespace.extractors
        ],
        "payload_indexes": [
            {
                "field_name": index.field_name,
                "type": index.type,
                "field_schema": {
                    key: value
                    for key, value in index.schema.items()
                    if isinstance(value, str | int | float | bool)
                },
            }
            for index in namespace.indexes
        ],
        "auto_create_indexes": namespace.auto_create_indexes,
        "description": namespace.description,
        "infrastructure": {
            key: namespace.infrastructure[key]
            for key in _KEPT
            if key in namespace.infrastructure
        },
    }


def namespace_from(
    configuration: Mapping[str, Any],
    *,
    name: str,
    description: str | None,
    with_infrastructure: bool,
) -> NewNamespace:
    """Return the namespace to make; infrastructure only where the plan includes it."""
    infrastructure = configuration.get("infrastructure") or None
    return NewNamespace.model_validate(
        {
            "namespace_name": name,
            "description": description,
            "feature_extractors": configuration["feature_extractors"],
            "payload_indexes": configuration["payload_indexes"],
            "auto_create_indexes": configuration["auto_create_indexes"],
            "infrastructure": infrastructure if with_infrastructure else None,
        }
    )
