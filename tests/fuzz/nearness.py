"""Words of the field for what is made up, so that it gets past the first check.

The document says that a name is a text; most texts are refused at once. Bodies made of
these words instead are often carried out, or refused for what they mean.
"""

import copy
from typing import Any

_TEXT = {"feature_extractor_name": "text_extractor", "version": "v1"}
_FACE = {"feature_extractor_name": "face_identity_extractor", "version": "v1"}
WORDS: dict[str, list[Any]] = {
    "namespace_name": ["film archive", "FILM ARCHIVE", "a-new-one", "x" * 50],
    "template_name": ["a template", "t" * 100],
    "namespace_id": ["ns_brought-back", "ns_a"],
    "source_organization_id": [None, "org_nobody"],
    "field_name": ["title", "rank", "a.b[].c", "namespace_id", "f" * 255],
    "feature_extractors": [None, [_TEXT], [_FACE], [_TEXT, _FACE], []],
    "features": [None, [], ["text"]],
    "vector_configs": [None, []],
    "mode": [None, "managed"],
    "namespace_type": [None, "standard"],
    "scope": [None],
    "is_public": [None, False],
    "category": [None, "c" * 50],
    "description": [None, "", "Films.", "d" * 500],
    "expires_at": [None, "2031-01-01T00:00:00Z"],
    "ttl_seconds": [None, 60, 3600],
    "infrastructure": [
        None,
        None,
        {"compute_tier": "shared", "max_concurrent_jobs": 1000},
        {"compute_tier": "dedicated_cpu", "qdrant_url": "http://10.0.0.1:6333"},
        {"min_workers": 5, "max_workers": 1},
    ],
    "field_schema": [
        None,
        {"type": "keyword", "is_tenant": True},
        {"type": "text", "min_token_len": 9, "max_token_len": 3},
    ],
    "filters": [None, {"namespace_name": {"$regex": "film"}}, {"namespace_id": "a"}],
}


def nearer(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with the words in place of what bodies otherwise allow."""
    made = copy.deepcopy(document)
    for operations in made["paths"].values():
        for operation in operations.values():
            _narrow(operation.get("requestBody"))
    return made


def _narrow(node: Any) -> None:
    children = node.items() if isinstance(node, dict) else enumerate(node or ())
    for name, child in children:
        if name == "properties":
            node[name] = {
                field: {"enum": WORDS[field]} if field in WORDS else schema
                for field, schema in child.items()
            }
        if isinstance(node[name], dict | list):
            _narrow(node[name])
