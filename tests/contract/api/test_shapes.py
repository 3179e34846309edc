"""Every answer has the published shape, seen as a strict client sees it."""

import json
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

from tests.api.conftest import Caller, call  # noqa: F401 - a fixture
from tests.cast import Cast, make_namespace, make_resources, namespace_id
from tests.contract.api import shapes

RICH = {
    "namespace_name": "everything",
    "description": "All of it.",
    "ttl_seconds": 3600,
    "auto_create_indexes": True,
    "feature_extractors": [
        {"feature_extractor_name": "text_extractor", "version": "v1"}
    ],
    "payload_indexes": [
        {"field_name": f"f.{kind}", "type": kind}
        for kind in shapes.IndexWord.__args__  # type: ignore[attr-defined]
    ],
    "infrastructure": {"max_concurrent_jobs": 3, "description": "Shared."},
}


def held(response: Any, model: Any, status: int = 200) -> Any:
    """Hold an answer against a shape; return it as JSON."""
    assert response.status_code == status, response.content
    TypeAdapter(model).validate_json(response.content)
    return json.loads(response.content)


def test_a_namespace_made_read_changed_and_copied(call: Caller) -> None:  # noqa: F811
    made = held(call("POST", "/namespaces", RICH), shapes.NamespaceModel)
    path = f"/namespaces/{made['namespace_id']}"
    found = held(call("GET", path), shapes.NamespaceModel)
    assert found["qdrant_status"] is not None
    held(call("PATCH", path, {"description": "Less."}), shapes.NamespaceModel)
    held(call("PUT", path, {"payload_indexes": []}), shapes.NamespaceModel)
    held(call("GET", f"{path}/stats"), shapes.NamespaceStats)
    batch = {"namespace_ids": [made["namespace_id"]]}
    held(call("POST", "/namespaces/stats/batch", batch), shapes.StatsBatch)
    held(call("GET", f"{path}/extractors"), shapes.NamespaceExtractors)
    held(call("GET", f"{path}/extractors/text_extractor_v1"), shapes.NamespaceExtractor)
    clone = held(
        call("POST", f"{path}/clone", {"namespace_name": "copy"}), shapes.Clone
    )
    copy = f"/namespaces/{clone['namespace']['namespace_id']}"
    assert held(call("GET", copy), shapes.NamespaceModel)["clone_status"] == "cloning"
    held(call("GET", f"/tasks/{clone['task_id']}"), shapes.Task)
    held(call("POST", "/tasks/list", {}), shapes.ListTasks)
    held(call("DELETE", f"/tasks/{clone['task_id']}"), shapes.CancelTask)


def test_the_lists(call: Caller) -> None:  # noqa: F811
    make_resources(call.cast.own)
    every = "?include_system=true&include_total=true"
    for query in ("", every, f"{every}&limit=1&page=2"):
        held(call("GET", f"/namespaces{query}"), shapes.ListNamespaces)
        held(call("POST", f"/namespaces/list{query}", {}), shapes.ListNamespaces)
    short = call("GET", f"/namespaces{every}&view=summary")
    held(short, shapes.ListSummaries)


def test_suggestions_of_indexes_and_other_advice(call: Caller) -> None:  # noqa: F811
    namespace = make_namespace(
        call.cast.northlight, "typed", indexes={"rank": {"type": "keyword"}}
    )
    path = f"/namespaces/{namespace.namespace_id}/filter-usage"
    fields = [{"field_name": name, "count": 200} for name in ("rank", "title", "none")]
    call("POST", path, {"fields": fields})
    query = f"?namespace={namespace.namespace_id}"
    answer = call("GET", f"/analytics/indexes/suggestions{query}")
    found = held(answer, shapes.Suggestions)
    types = {s["field_name"]: s["suggested_type"] for s in found["suggestions"]}
    assert types["none"] is None
    assert [a["kind"] for a in found["advice"]] == ["wrong_type"]


def test_a_silent_qdrant_and_unknown_counts_are_null(call: Caller) -> None:  # noqa: F811
    ghost = make_namespace(call.cast.northlight, "ghost", in_qdrant=False)
    found = held(
        call("GET", f"/namespaces/{ghost.namespace_id}"), shapes.NamespaceModel
    )
    assert (found["qdrant_status"], found["document_count"]) == (None, None)


def test_what_another_writer_left_has_the_shape_as_well(
    cast: Cast,
    call: Caller,  # noqa: F811
) -> None:
    from nsadmin.stores.mongo import namespaces as store

    theirs = namespace_id()
    store.insert(
        {
            "_id": theirs,
            "namespace_id": theirs,
            "internal_id": cast.northlight.internal_id,
            "namespace_name": "bare",
            "infrastructure": None,
            "feature_extractors": None,
            "payload_indexes": None,
            "vector_inference_map": None,
        }
    )
    held(call("GET", f"/namespaces/{theirs}"), shapes.NamespaceModel)


def test_the_templates(call: Caller) -> None:  # noqa: F811
    root = "/templates/namespaces"
    source = call.cast.own.namespace_id
    body = {"template_name": "a template"}
    made = held(
        call("POST", f"{root}/from-namespace/{source}", body), shapes.TemplateMade, 201
    )
    held(call("GET", root), list[shapes.Template])
    held(call("GET", f"{root}/{made['template_id']}"), shapes.Template)
    path = f"{root}/{made['template_id']}/instantiate"
    held(call("POST", path, {"namespace_name": "from-it"}), shapes.Instance, 201)


def test_the_extractors(call: Caller) -> None:  # noqa: F811
    root = "/collections/features/extractors"
    for entry in held(call("GET", root), list[shapes.Extractor]):
        path = f"{root}/{entry['feature_extractor_id']}"
        assert held(call("GET", path), shapes.Extractor) == entry


@pytest.mark.parametrize(
    ("method", "path", "role", "status"),
    [
        ("GET", "/namespaces/nowhere", "admin", 404),
        ("GET", "/namespaces", None, 401),
        ("POST", "/namespaces", "viewer", 403),
        ("POST", "/namespaces", "admin", 422),
        ("GET", "/nothing", "admin", 404),
        ("PATCH", "/tasks/list", "admin", 405),
    ],
)
def test_the_errors(
    call: Caller,  # noqa: F811
    method: str,
    path: str,
    role: str | None,
    status: int,
) -> None:
    body: dict[str, Any] | None = {} if method == "POST" else None
    response = call(method, path, body, role=role)
    data = held(response, shapes.Envelope, status)
    assert data["status"] == status
    for fault in data["error"]["details"].get("validation_errors", []):
        shapes.Fault.model_validate(fault)


def test_a_shape_notices_what_is_not_of_the_contract() -> None:
    found = {"message": "m", "type": "ValidationError", "code": "c", "details": {}}
    shapes.Error.model_validate(found)
    for wrong in ({"type": "Other"}, {"more": 1}, {"message": None}):
        model: type[BaseModel] = shapes.Error
        with pytest.raises(ValueError, match="validation error"):
            model.model_validate({**found, **wrong})
