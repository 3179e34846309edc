"""Every operation of the API with a request that it accepts; the tests walk this list.

`test_openapi.py` holds it against the OpenAPI document, so none can be forgotten.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Endpoint:
    """One operation: `body` is what it reads, if anything, `role` who may use it."""

    method: str
    path: str
    body: Any = None
    query: str = ""
    role: str = "admin"

    def at(self, namespace_id: str) -> str:
        """The path with its placeholders filled."""
        return (
            (self.path + self.query)
            .replace("{identifier}", namespace_id)
            .replace("{task_id}", "6f1c1f0e-0000-4000-8000-000000000000")
            .replace("{feature_extractor_id}", "face_identity_extractor_v1")
            .replace("{template_id}", "tmpl_000000000000")
            .replace("{document_id}", "doc_1")
            .replace("/plans/{plan_id}", f"/plans/{self._plan_id}")
            .replace("{request_id}", REQUEST_ID)
            .replace("{bulk_id}", BULK_ID)
            .replace("{view_id}", VIEW_ID)
        )

    @property
    def _plan_id(self) -> str:
        return NEW_PLAN_ID if self.path.startswith("/plans/") else PLAN_ID

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


TOKEN = "t" * 32
VIEW_ID = "view_000000000000"
BULK_ID = "bulk_0000000000000000"
PLAN_ID = "plan_0000000000000000"
# The plan of a new namespace.
NEW_PLAN_ID = "plan_1111111111111111"
REQUEST_ID = "6f1c1f0e-0000-4000-8000-000000000000"


def _worked(path: str, body: Any) -> Endpoint:
    """Return an operation of the platform's workers."""
    return Endpoint("POST", path, body, role="platform_admin")


ENDPOINTS = [
    Endpoint("POST", "/namespaces/list", {}),
    Endpoint("GET", "/namespaces"),
    Endpoint("POST", "/namespaces", {"namespace_name": "a new one"}),
    Endpoint("GET", "/namespaces/{identifier}"),
    Endpoint("PATCH", "/namespaces/{identifier}", {}),
    Endpoint("PUT", "/namespaces/{identifier}", {}),
    Endpoint("GET", "/namespaces/{identifier}/config"),
    Endpoint(
        "POST",
        "/namespaces/{identifier}/config",
        {"config": "schema: nsadmin/namespace/v1"},
    ),
    Endpoint("POST", "/namespaces/{identifier}/ensure-indexes"),
    Endpoint("GET", "/namespaces/{identifier}/plans/{plan_id}"),
    Endpoint("POST", "/namespaces/{identifier}/plans/{plan_id}/confirm", {}),
    Endpoint("GET", "/plans/{plan_id}"),
    Endpoint("POST", "/plans/{plan_id}/confirm", {}),
    Endpoint("POST", "/namespaces/{identifier}/clone", {"namespace_name": "a clone"}),
    Endpoint(
        "POST", "/bulk/namespaces", {"namespace_ids": ["gone"], "kind": "auto_on"}
    ),
    Endpoint("GET", "/bulk/namespaces/{bulk_id}"),
    Endpoint("POST", "/bulk/namespaces/{bulk_id}/confirm", {}),
    Endpoint("POST", "/bulk/namespaces/{bulk_id}/continue"),
    Endpoint("GET", "/views/namespaces"),
    Endpoint("POST", "/views/namespaces", {"name": "a view"}),
    Endpoint("GET", "/views/namespaces/{view_id}"),
    Endpoint("PATCH", "/views/namespaces/{view_id}", {}),
    Endpoint("DELETE", "/views/namespaces/{view_id}"),
    Endpoint("POST", "/tasks/list", {}),
    Endpoint("GET", "/audit/stream"),
    Endpoint("GET", "/tasks/{task_id}"),
    Endpoint("DELETE", "/tasks/{task_id}"),
    Endpoint("GET", "/collections/features/extractors"),
    Endpoint("GET", "/collections/features/extractors/{feature_extractor_id}"),
    Endpoint("GET", "/namespaces/{identifier}/extractors"),
    Endpoint("GET", "/namespaces/{identifier}/extractors/{feature_extractor_id}"),
    Endpoint("GET", "/namespaces/{identifier}/stats"),
    Endpoint("POST", "/namespaces/{identifier}/documents/list", {}),
    Endpoint("GET", "/namespaces/{identifier}/documents/{document_id}"),
    Endpoint("POST", "/namespaces/stats/batch", {"namespace_ids": []}),
    Endpoint("POST", "/namespaces/{identifier}/extend", {"ttl_seconds": 3600}),
    Endpoint(
        "POST",
        "/namespaces/{identifier}/reprocess",
        {"feature_extractor_id": "face_identity_extractor_v1"},
    ),
    Endpoint("GET", "/namespaces/{identifier}/reprocess"),
    Endpoint("GET", "/namespaces/{identifier}/reprocess/{request_id}"),
    Endpoint("DELETE", "/namespaces/{identifier}/reprocess/{request_id}"),
    _worked("/reprocess/claim", {"worker": "w", "claim_token": TOKEN}),
    _worked("/reprocess/{request_id}/progress", {"claim_token": TOKEN}),
    _worked("/reprocess/{request_id}/done", {"claim_token": TOKEN}),
    _worked(
        "/reprocess/{request_id}/failed",
        {"claim_token": TOKEN, "error": "The model is gone."},
    ),
    Endpoint("GET", "/templates/namespaces"),
    Endpoint("GET", "/templates/namespaces/{template_id}"),
    Endpoint(
        "POST",
        "/templates/namespaces/from-namespace/{identifier}",
        {"template_name": "a template"},
    ),
    Endpoint(
        "POST",
        "/templates/namespaces/{template_id}/instantiate",
        {"namespace_name": "from-a-template"},
    ),
    Endpoint(
        "POST",
        "/namespaces/{identifier}/filter-usage",
        {"fields": [{"field_name": "title"}]},
    ),
    Endpoint("GET", "/analytics/indexes/suggestions", query="?namespace={identifier}"),
    Endpoint("GET", "/analytics/indexes/usage", query="?namespace={identifier}"),
    # Last: what is walked after it would find the namespace being deleted.
    Endpoint("DELETE", "/namespaces/{identifier}"),
]
