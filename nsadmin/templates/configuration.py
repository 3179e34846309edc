"""From a namespace to a template's configuration, and back. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from nsadmin.errors import Conflict, Invalid
from nsadmin.namespaces.plan.creation import blank, creation_plan
from nsadmin.namespaces.plan.desired import required_indexes
from nsadmin.namespaces.plan.infrastructure_steps import NO_FACTS
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.creation import NewNamespace
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.patch import validate
from nsadmin.namespaces.schema.payload_indexes import PROTECTED_INDEXES

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
    """Return the configuration of a namespace, without data, addresses and secrets.

    Every parameter of an index is kept, also one that this version does not know. An
    index that every namespace has, or that an extractor brings, is left out.
    """
    fixed = {*PROTECTED_INDEXES, *required_indexes(namespace)}
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
                "field_schema": index.schema,
            }
            for index in namespace.indexes
            if index.field_name not in fixed
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
    new = validate(
        NewNamespace,
        {
            "namespace_name": name,
            "description": description,
            "feature_extractors": configuration["feature_extractors"],
            "payload_indexes": configuration["payload_indexes"],
            "auto_create_indexes": configuration["auto_create_indexes"],
            "infrastructure": infrastructure if with_infrastructure else None,
        },
    )
    return new.like_stored(configuration["payload_indexes"])


def require_usable(configuration: Mapping[str, Any]) -> None:
    """Raise Conflict if no namespace can be created with the configuration."""
    try:
        new = namespace_from(
            configuration, name="template", description=None, with_infrastructure=True
        )
        raw = blank(
            new,
            namespace_id="ns_template",
            internal_id="",
            facts=NO_FACTS,
            now=datetime.now(UTC),
        )
        creation_plan(document.read(raw), new)
    except Invalid as fault:
        raise Conflict(
            f"No namespace could be created with this configuration: {fault.message}",
            code="template_unusable",
        ) from None
