"""A namespace template as initial input of the form of a new namespace."""

import json
from typing import Any

from nsadmin.templates.models import NamespaceTemplate


def initial_from(template: NamespaceTemplate | None) -> dict[str, Any]:
    """Return the initial fields from a template; empty without one."""
    if template is None:
        return {}
    found: dict[str, Any] = {
        "template": template.template_id,
        "extractors": [],
    }
    configuration = template.configuration
    for entry in configuration.get("feature_extractors") or []:
        name = f"{entry['feature_extractor_name']}_{entry['version']}"
        found["extractors"].append(name)
        for key, value in (entry.get("params") or {}).items():
            found[f"{name}.{key}"] = value
    indexes = configuration.get("payload_indexes") or []
    found["index_field"] = [index["field_name"] for index in indexes]
    found["index_type"] = [index["type"] for index in indexes]
    found["index_schema"] = [json.dumps(i["field_schema"]) for i in indexes]
    found["auto_create_indexes"] = configuration.get("auto_create_indexes", False)
    found["description"] = template.description
    return found
