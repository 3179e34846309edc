"""PUT, and POST …/ensure-indexes: what Qdrant lacks is built, the rest is left alone."""

import json

from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from tests.api.conftest import error_of


def indexes(namespace):
    live = collections.get(shared(), namespace.collection)
    assert live is not None
    return live.indexes


def test_a_lost_index_is_built_and_then_nothing(call):
    own = call.cast.own
    collections.drop_index(shared(), own.collection, "bucket_id")
    path = f"/namespaces/{own.namespace_id}/ensure-indexes"
    shown = json.loads(call("POST", f"{path}?dry_run=true").content)
    assert [step["field"] for step in shown["plan"]["steps"]] == ["bucket_id"]
    assert "bucket_id" not in indexes(own)
    done = json.loads(call("POST", path).content)
    assert (done["ensured"], done["created"], done["skipped"]) == (11, 1, 0)
    assert indexes(own)["bucket_id"].type == "keyword"
    again = json.loads(call("POST", path).content)
    assert (again["ensured"], again["created"]) == (11, 0)
    assert store.get(own.namespace_id)["revision"] == 2


def test_rebuilding_is_refused_in_words(call):
    path = f"/namespaces/{call.cast.own.namespace_id}/ensure-indexes?force_rebuild=true"
    error = error_of(call("POST", path))
    assert "not offered" in error["message"]
    path = path.replace("true", "false")
    assert call("POST", path).status_code == 200


def test_put_takes_a_name_and_indexes_and_nothing_else(call):
    own = call.cast.own
    path = f"/namespaces/{own.namespace_id}"
    body = {
        "namespace_name": "put name",
        "payload_indexes": [{"field_name": "rank", "type": "integer"}],
    }
    response = call("PUT", path, body)
    assert response.status_code == 200
    assert json.loads(response.content)["namespace_name"] == "put name"
    assert indexes(own)["rank"].type == "integer"
    assert call("PUT", path, {"description": "x"}).status_code == 422
    assert call("PUT", path, {}).status_code == 200
    assert store.get(own.namespace_id)["revision"] == 2
