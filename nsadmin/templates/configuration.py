"""From a namespace to a template's configuration, and back. Pure."""

from collections.abc import Mapping
from typing import Any

from nsadmin.namespaces.schema.creation import NewNamespace
from nsadmin.namespaces.schema.document import Namespace

Raw = dict[str, Any]

# Keys of the infrastructure that a template has. Tier, addresses and keys belong to one
# namespace and are never copied.
_KEPT_INFRASTRUCTURE = (
    "max_concurrent_jobs",
    "autoscaling_enabled",
    "min_workers",
    "max_workers",
    "description",
)


def configuration_of(namespace: Namespace) -> Raw:
    """Return the configuration of a namespace, without data, addresses and secrets."""
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
            for key in _KEPT_INFRASTRUCTURE
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
    """Return the request that creates a namespace with a template's configuration.

    `with_infrastructure` is False if the organization's plan does not include it.
    """
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
