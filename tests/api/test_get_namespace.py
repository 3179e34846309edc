"""`GET /v1/namespaces/{identifier}`."""

import json
import urllib.parse
from typing import Any

import pytest

from nsadmin.namespaces.schema.payload_indexes import PROTECTED_INDEXES
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from tests.api.conftest import Caller, error_of
from tests.cast import make_namespace, make_resources


def got(call: Caller, identifier: str, **kwargs: Any) -> dict[str, Any]:
    quoted = urllib.parse.quote(identifier, safe="")
    response = call("GET", f"/namespaces/{quoted}", **kwargs)
    assert response.status_code == 200, response.content
    data: dict[str, Any] = json.loads(response.content)
    return data


def test_it_answers_with_the_namespace(call: Caller) -> None:
    own = call.cast.own
    make_resources(own)
    data = got(call, own.namespace_id)
    assert data["namespace_id"] == own.namespace_id
    assert (data["namespace_name"], data["object"]) == ("film archive", "namespace")
    assert (data["namespace_type"], data["scope"]) == ("standard", "org")
    assert (data["bucket_count"], data["object_count"]) == (1, 1)
    assert data["collection_count"] == 0
    assert data["document_count"] == 3
    assert data["infrastructure"]["compute_tier"] == "shared"
    assert data["feature_extractors"][0]["feature_extractor_id"] == (
        "face_identity_extractor_v1"
    )
    assert data["vector_inference_map"] == {
        "face_identity_extractor_v1_embedding": "face_identity_arcface_r100_v1"
    }
    assert (data["revision"], data["observed_revision"]) == (1, 1)
    for unknown in ("cluster_id", "description", "expires_at", "clone_status"):
        assert data[unknown] is None
    assert data["created_at"].endswith("Z")


def test_it_carries_the_revision_as_its_etag(call: Caller) -> None:
    response = call("GET", f"/namespaces/{call.cast.own.namespace_id}")
    assert response.headers["ETag"] == '"r1"'


def test_it_says_what_qdrant_says_now(call: Caller) -> None:
    status = got(call, call.cast.own.namespace_id)["qdrant_status"]
    assert set(status) == {
        "status",
        "points_count",
        "indexed_vectors_count",
        "segments_count",
    }
    assert status["status"] in ("green", "yellow")
    assert status["points_count"] == 3


def test_a_collection_that_is_missing_is_null(call: Caller) -> None:
    bare = make_namespace(call.cast.northlight, "bare", in_qdrant=False)
    assert got(call, bare.namespace_id)["qdrant_status"] is None


def test_a_silent_qdrant_is_null(call: Caller, settings) -> None:
    settings.NSADMIN_QDRANT_URL = "http://127.0.0.1:9"
    assert got(call, call.cast.own.namespace_id)["qdrant_status"] is None


def test_our_own_writes_are_seen_at_once(call: Caller) -> None:
    path = f"/namespaces/{call.cast.own.namespace_id}"
    got(call, call.cast.own.namespace_id)
    wanted = [{"field_name": "title", "type": "keyword"}]
    assert call("PATCH", path, {"payload_indexes": wanted}).status_code == 200
    assert got(call, call.cast.own.namespace_id)["qdrant_status"] is not None


def test_every_index_has_its_type_twice(call: Caller) -> None:
    made = make_namespace(
        call.cast.northlight, "indexed", indexes={"title": {"type": "text"}}
    )
    custom, *fixed = got(call, made.namespace_id)["payload_indexes"]
    assert custom == {
        "field_name": "title",
        "type": "text",
        "field_schema": {
            "type": "text",
            "tokenizer": "word",
            "min_token_len": 2,
            "max_token_len": 15,
            "lowercase": True,
        },
        "is_protected": False,
    }
    assert {i["field_name"] for i in fixed} == set(PROTECTED_INDEXES)
    assert all(i["is_protected"] for i in fixed)
    assert all(i["type"] == i["field_schema"]["type"] for i in fixed)


@pytest.mark.parametrize("name", ["Straße / 1".replace("/", "-"), "映像 🎬", "a+b c&d"])
def test_it_is_found_by_name(call: Caller, name: str) -> None:
    made = make_namespace(call.cast.northlight, name, in_qdrant=False)
    for written in (name, name.upper(), f" {name} "):
        assert got(call, written)["namespace_id"] == made.namespace_id


def test_an_id_comes_before_a_name(call: Caller) -> None:
    own = call.cast.own
    make_namespace(call.cast.northlight, own.namespace_id, in_qdrant=False)
    assert got(call, own.namespace_id)["namespace_name"] == own.name


def test_a_system_namespace_is_read_by_everybody(call: Caller) -> None:
    for role in ("viewer", "stranger"):
        assert got(call, "world sample", role=role)["scope"] == "system"


def test_staff_say_whose_name_they_mean(call: Caller) -> None:
    call.cast.open_sessions()
    other = make_namespace(call.cast.halden, "film archive", in_qdrant=False)
    response = call("GET", "/namespaces/film%20archive", role="support")
    assert response.status_code == 409
    error = error_of(response)
    assert error["code"] == "ambiguous_name"
    assert set(error["details"]["candidates"]) == {
        call.cast.own.namespace_id,
        other.namespace_id,
    }
    path = (
        "/namespaces/film%20archive?organization_id=" + call.cast.halden.organization_id
    )
    found = json.loads(call("GET", path, role="support").content)
    assert found["namespace_id"] == other.namespace_id


def test_a_foreign_one_is_answered_like_one_that_does_not_exist(call: Caller) -> None:
    def answer(identifier: str) -> tuple[int, str]:
        response = call(
            "GET", f"/namespaces/{identifier}", x_request_id="the-same-request"
        )
        shown = response.content.decode().replace(identifier, "…")
        kept = {k: v for k, v in response.headers.items() if "RateLimit" not in k}
        return response.status_code, shown + str({**kept, "Content-Length": 0})

    foreign = call.cast.foreign.namespace_id
    unknown = foreign[:-4] + "zzzz"
    assert answer(foreign)[0] == 404
    assert answer(foreign) == answer(unknown)
    assert answer("museum%20objects")[0] == 404
    call.cast.keys["admin"] = call.cast.keys["member"]
    own_organization = call.cast.northlight.organization_id
    path = f"/namespaces/museum%20objects?organization_id={own_organization}"
    assert call("GET", path).status_code == 404
    path = path.replace(own_organization, call.cast.halden.organization_id)
    assert call("GET", path).status_code == 404


@pytest.mark.parametrize(
    "identifier", ["%00", "a%00b", "%20", "..", "%ff", "x" * 3000, "$ne", "%7B%7D"]
)
def test_odd_identifiers_are_not_found(call: Caller, identifier: str) -> None:
    response = call("GET", f"/namespaces/{identifier}")
    assert response.status_code == 404
    error_of(response)


def test_a_secret_is_told_but_not_shown(call: Caller) -> None:
    own = call.cast.own
    raw = store.get(own.namespace_id)
    after = {**raw, "infrastructure": dict(raw["infrastructure"])}
    after["infrastructure"] |= {
        "compute_tier": "dedicated_cpu",
        "qdrant_url": "https://qdrant.example.org:6333",
        "qdrant_api_key_sealed": {"kid": "t1", "nonce": "canary", "box": "canary"},
        "qdrant_api_key": "plain-canary",
    }
    after["revision"] = 2
    assert store.replace(raw, after)
    response = call("GET", f"/namespaces/{own.namespace_id}")
    assert response.status_code == 200
    assert "canary" not in response.content.decode()
    shown = json.loads(response.content)["infrastructure"]
    assert shown["qdrant_api_key_provided"] is True


def test_the_tenant_id_is_never_shown(call: Caller) -> None:
    response = call("GET", f"/namespaces/{call.cast.own.namespace_id}")
    assert call.cast.northlight.internal_id not in response.content.decode()


def test_without_the_store_it_answers_from_the_mirror_with_its_age(
    call: Caller, settings
) -> None:
    settings.NSADMIN_MONGODB_URL = "mongodb://127.0.0.1:9/none"
    response = call("GET", f"/namespaces/{call.cast.own.namespace_id}")
    assert response.status_code == 200
    assert json.loads(response.content)["namespace_name"] == "film archive"
    assert int(response.headers["Age"]) >= 0


def test_what_other_writers_left_out_or_made_odd_is_still_shown(call: Caller) -> None:
    odd = make_namespace(
        call.cast.northlight,
        "odd",
        in_qdrant=False,
        vector_inference_map=None,
        infrastructure=None,
        feature_extractors=None,
        created_at=None,
        revision=None,
        something_new={"nested": [1]},
    )
    data = got(call, odd.namespace_id)
    assert data["revision"] == 0
    assert data["feature_extractors"] == []
    assert data["vector_inference_map"] == {}
    assert data["infrastructure"]["qdrant_collection"] == odd.namespace_id


def test_a_dropped_collection_does_not_stay_green(call: Caller) -> None:
    own = call.cast.own
    assert got(call, own.namespace_id)["qdrant_status"] is not None
    collections.drop(shared(), own.collection)
    call("PATCH", f"/namespaces/{own.namespace_id}", {"description": "x"})
    from nsadmin.namespaces.read import snapshots

    snapshots.invalidate(own.namespace_id)
    assert got(call, own.namespace_id)["qdrant_status"] is None
