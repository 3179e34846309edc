"""PUT, and POST …/ensure-indexes: what Qdrant lacks is built, the rest is left alone."""

import json
from collections import Counter

from nsadmin.audit.models import AuditEvent
from nsadmin.stores import redis
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import make_namespace

RANK = {"type": "integer", "lookup": True, "range": True}


def put_index(namespace, field, schema):
    """Have Qdrant know an index that way, whatever is declared."""
    collections.drop_index(shared(), namespace.collection, field)
    assert collections.create_index(shared(), namespace.collection, field, schema)


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
    assert (done["ensured"], done["created"], done["skipped"]) == (11, 11, 0)
    assert indexes(own)["bucket_id"].type == "keyword"
    again = json.loads(call("POST", path).content)
    assert (again["ensured"], again["rebuilt"]) == (11, 0)
    assert store.get(own.namespace_id)["revision"] == 2


def test_rebuilding_builds_every_declared_index_anew(call):
    """Also what Qdrant knows of an index beyond what is declared is there again."""
    own = make_namespace(call.cast.northlight, "rebuilt", indexes={"rank": RANK})
    put_index(own, "title", {"type": "uuid"})  # declared by nobody
    put_index(own, "bucket_id", {"type": "keyword", "on_disk": True})
    collections.drop_index(shared(), own.collection, "object_id")
    before, stored = indexes(own), store.get(own.namespace_id)
    assert before["bucket_id"].params["on_disk"] is True
    path = f"/namespaces/{own.namespace_id}/ensure-indexes?force_rebuild=true"
    shown = json.loads(call("POST", f"{path}&dry_run=true").content)["plan"]
    kinds = Counter((s["kind"], s["declared"]) for s in shown["steps"])
    assert kinds == {("drop_index", True): 11, ("create_index", True): 12}
    origins = Counter(s["origin"] for s in shown["steps"])
    assert origins == {"system": 21, "user": 2}
    assert sum(w["needs_tick"] for w in shown["warnings"]) == 11
    response = call("POST", path)
    done = json.loads(response.content)
    counts = {key: done[key] for key in ("ensured", "rebuilt", "skipped", "created")}
    assert counts == {"ensured": 1, "rebuilt": 11, "skipped": 0, "created": 12}
    assert response.headers["ETag"] == '"r2"'
    after, raw = indexes(own), store.get(own.namespace_id)
    assert after.pop("object_id").type == "keyword"
    assert after == before
    assert raw["payload_indexes"] == stored["payload_indexes"]
    assert raw["observed_revision"] == raw["revision"] == 2
    assert "pending" not in raw
    event = AuditEvent.objects.get(namespace_id=own.namespace_id)
    assert (event.outcome, event.revision, len(event.changes)) == ("done", 2, 23)


def test_rebuilding_gives_an_index_its_declared_parameters_back(call):
    own = make_namespace(call.cast.northlight, "drifted", indexes={"rank": RANK})
    put_index(own, "rank", {"type": "integer", "lookup": False, "range": True})
    put_index(own, "bucket_id", {"type": "integer", "lookup": True, "range": True})
    path = f"/namespaces/{own.namespace_id}/ensure-indexes?force_rebuild=true"
    assert call("POST", path).status_code == 200
    found = indexes(own)
    assert found["rank"].params["lookup"] is True
    assert found["bucket_id"].type == "keyword"


def test_what_is_not_built_yet_is_counted_as_skipped(call):
    own = call.cast.own
    collections.drop_index(shared(), own.collection, "bucket_id")
    redis.claim(f"converge:{own.namespace_id}", milliseconds=60_000)
    path = f"/namespaces/{own.namespace_id}/ensure-indexes"
    done = json.loads(call("POST", path).content)
    assert (done["ensured"], done["skipped"], done["created"]) == (10, 1, 10)
    redis.release(f"converge:{own.namespace_id}")
    assert call("POST", path).status_code == 200
    assert store.get(own.namespace_id)["revision"] == 3
    assert "bucket_id" in indexes(own)


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


def test_a_lost_collection_is_no_name_that_is_taken(call):
    own = call.cast.own
    collections.drop(shared(), own.collection)
    answer = call("POST", f"/namespaces/{own.namespace_id}/ensure-indexes")
    error = json.loads(answer.content)["error"]
    assert answer.status_code == 409
    assert (error["code"], error["type"]) == ("collection_missing", "QdrantError")
    assert collections.get(shared(), own.collection) is None
