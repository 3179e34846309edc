"""What another writer left in an odd shape is shown, and not an error."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from nsadmin.api.http.responses import json_response
from nsadmin.api.schemas.lists import ListNamespacesResponse
from nsadmin.api.schemas.namespaces import NamespaceModel, NamespaceSummary
from nsadmin.namespaces.read.counts import Counts
from nsadmin.namespaces.schema import document
from tests.hostile.odd_documents import WHOLE

COUNTS = Counts(1, None, 3, 4, None, None)
WHEN = datetime(2026, 11, 28, 12, 0, 3, tzinfo=UTC)
# What is left of the infrastructure if none of its values can be read.
SHARED = {"compute_tier": "shared", "qdrant_collection": "ns_odd"}
LONG = {
    "feature_extractors",
    "payload_indexes",
    "vector_inference_map",
    "vector_configs",
}
ODD: list[tuple[dict[str, Any], str, Any, str]] = [
    (
        {"infrastructure": {"max_workers": "many"}},
        "infrastructure",
        SHARED,
        f"infrastructure.max_workers is text, expected {WHOLE}",
    ),
    (
        {"infrastructure": {"gpu_type": ["a"]}},
        "infrastructure",
        SHARED,
        "infrastructure.gpu_type is a list, expected text",
    ),
    (
        {"infrastructure": {"description": WHEN}},
        "infrastructure",
        SHARED,
        "infrastructure.description is a date, expected text",
    ),
    ({"infrastructure": None}, "infrastructure.compute_tier", "shared", ""),
    (
        {"created_at": "yesterday"},
        "created_at",
        None,
        "created_at is text, expected a date",
    ),
    (
        {"expires_at": WHEN.replace(tzinfo=None)},
        "expires_at",
        "2026-11-28T12:00:03Z",
        "",
    ),
    ({"clone_status": "deleting"}, "clone_status", "deleting", ""),
    (
        {"vector_inference_map": {"a": 1}},
        "vector_inference_map",
        {},
        "vector_inference_map.a is a number, expected text",
    ),
    (
        {"feature_extractors": [{"feature_extractor_name": 5, "version": "v1"}]},
        "feature_extractors",
        [],
        "feature_extractors.0.feature_extractor_name is a number, expected text",
    ),
    (
        {
            "payload_indexes": [
                {"field_name": "a", "type": "text", "field_schema": {"more": {"x": 1}}}
            ]
        },
        "payload_indexes.0.field_schema.more.x",
        1,
        "",
    ),
]


def at(value: Any, path: str) -> Any:
    for key in path.split("."):
        value = value[int(key)] if key.isdigit() else value[key]
    return value


def read(**values: Any) -> document.Namespace:
    whole = {
        "_id": "ns_odd",
        "namespace_id": "ns_odd",
        "internal_id": "int_1",
        "namespace_name": "odd",
    }
    return document.read({**whole, **values})


@pytest.mark.parametrize(("values", "path", "shown", "fault"), ODD)
def test_what_can_be_read_is_shown_and_the_rest_is_named(
    values: dict[str, Any], path: str, shown: Any, fault: str
) -> None:
    namespace = read(**values)
    answer = json.loads(json_response(NamespaceModel.of(namespace, COUNTS)).content)
    assert at(answer, path) == shown
    assert answer.get("unreadable") == ([fault] if fault else None)
    page = ListNamespacesResponse.model_construct(
        results=[NamespaceModel.of(namespace, COUNTS)]
    )
    assert json.loads(json_response(page).content)["results"] == [answer]
    page = ListNamespacesResponse.model_construct(
        results=[NamespaceSummary.of(namespace, COUNTS)]
    )
    short = {key: value for key, value in answer.items() if key not in LONG}
    assert json.loads(json_response(page).content)["results"] == [short]


def test_what_is_not_stored_is_absent_and_what_is_null_is_null() -> None:
    namespace = read(infrastructure={"gpu_type": None, "qdrant_api_key_sealed": "x"})
    answer = json.loads(json_response(NamespaceModel.of(namespace, COUNTS)).content)
    assert answer["infrastructure"] == {
        "gpu_type": None,
        "compute_tier": "shared",
        "qdrant_collection": "ns_odd",
    }
    assert answer["bucket_count"] == 3
    assert answer["object_count"] is answer["qdrant_status"] is None
