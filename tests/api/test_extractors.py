"""The feature extractors: the builtin ones, and those of a namespace."""

import json
from typing import Any

import pytest

from nsadmin.namespaces.schema.extractors import REGISTRY
from tests.api.conftest import Caller, error_of, locations_of
from tests.cast import make_namespace

BUILTIN = "/collections/features/extractors"


def got(call: Caller, path: str, **kwargs: Any) -> Any:
    response = call("GET", path, **kwargs)
    assert response.status_code == 200, response.content
    return json.loads(response.content)


def test_the_builtin_ones_are_an_array(call: Caller) -> None:
    data = got(call, BUILTIN, role="viewer")
    assert [e["feature_extractor_id"] for e in data] == list(REGISTRY)
    assert all(e["source"] == "builtin" for e in data)


def test_one_has_its_vectors_and_invents_nothing(call: Caller) -> None:
    data = got(call, f"{BUILTIN}/multimodal_extractor_v2")
    assert data["feature_extractor_name"] == "multimodal_extractor"
    assert data["version"] == "v2"
    assert data["default_parameters"] == {"output_dimensionality": 3072}
    assert [v["index"]["dimensions"] for v in data["required_vector_indexes"]] == [
        3072,
        1024,
    ]
    for unknown in ("icon", "costs", "input_schema", "required_payload_indexes"):
        assert data[unknown] is None


@pytest.mark.parametrize("extractor_id", ["dream_v1", "text_extractor", "%00", ".."])
def test_an_unknown_one_is_not_found(call: Caller, extractor_id: str) -> None:
    response = call("GET", f"{BUILTIN}/{extractor_id}")
    assert response.status_code == 404
    error = error_of(response)
    assert error["type"] == "NotFoundError"


def test_a_namespace_shows_what_it_has_registered(call: Caller) -> None:
    path = f"/namespaces/{call.cast.own.namespace_id}/extractors"
    data = got(call, path)
    assert data["success"] is True
    assert data["namespace_id"] == call.cast.own.namespace_id
    assert (data["total"], data["builtin_count"], data["custom_count"]) == (1, 1, 0)
    assert data["extractors"][0]["feature_extractor_id"] == (
        "face_identity_extractor_v1"
    )


def test_vectors_have_the_size_of_the_registered_params(call: Caller) -> None:
    made = make_namespace(
        call.cast.northlight,
        "small",
        in_qdrant=False,
        feature_extractors=[
            {
                "feature_extractor_name": "multimodal_extractor",
                "version": "v2",
                "params": {"output_dimensionality": 768},
            },
            {"feature_extractor_name": "dream", "version": "v1"},
        ],
    )
    path = f"/namespaces/{made.namespace_id}/extractors"
    known, foreign = got(call, path)["extractors"]
    assert known["required_vector_indexes"][0]["index"]["dimensions"] == 768
    assert known["params"] == {"output_dimensionality": 768}
    assert (foreign["source"], foreign["required_vector_indexes"]) == ("custom", [])
    assert got(call, f"{path}?source=custom")["total"] == 1
    assert got(call, f"{path}?source=builtin&include_disabled=true")["total"] == 1


def test_a_wrong_query_is_refused(call: Caller) -> None:
    path = f"/namespaces/{call.cast.own.namespace_id}/extractors"
    assert locations_of(call("GET", f"{path}?source=mine")) == ["query.source"]


def test_a_foreign_namespace_is_not_found(call: Caller) -> None:
    call.cast.open_sessions()
    path = f"/namespaces/{call.cast.foreign.namespace_id}/extractors"
    assert call("GET", path).status_code == 404
    assert call("GET", path, role="support").status_code == 200
