"""Filter usage in, suggestions out."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from nsadmin.advice import sample_cache, usage
from nsadmin.namespaces.read import snapshots
from nsadmin.stores.counters import Tally
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from tests.api.conftest import error_of, locations_of
from tests.cast import make_namespace


def report(call, namespace, fields, **options):
    path = f"/namespaces/{namespace.namespace_id}/filter-usage"
    return call("POST", path, {"fields": fields}, **options)


def ask(call, what, *, namespace=None, query="", role="admin"):
    chosen = (namespace or call.cast.own).namespace_id
    path = f"/analytics/indexes/{what}?namespace={chosen}{query}"
    return call("GET", path, role=role)


def test_reports_add_up_and_are_told_back(call):
    own = call.cast.own
    fields = [{"field_name": "rank", "count": 70, "latency_ms": 20}]
    assert report(call, own, fields).json() == {
        "namespace_id": own.namespace_id,
        "counted": 70,
        "dropped": [],
    }
    report(call, own, [{"field_name": "rank", "count": 31}, {"field_name": "title"}])
    found = ask(call, "usage").json()
    assert [(f["field_name"], f["query_count"]) for f in found["fields"]] == [
        ("rank", 101),
        ("title", 1),
    ]
    assert found["fields"][0]["avg_latency_ms"] == 20
    assert (found["total_fields"], found["unindexed_fields"]) == (2, 2)


def test_a_suggestion_needs_more_than_the_count_and_has_a_type(call):
    own = call.cast.own
    report(call, own, [{"field_name": "rank", "count": 100}])
    assert ask(call, "suggestions").json()["suggestions"] == []
    report(call, own, [{"field_name": "rank"}])
    body = ask(call, "suggestions").json()
    [found] = body["suggestions"]
    assert (found["field_name"], found["query_count_24h"]) == ("rank", 101)
    assert (found["suggested_type"], found["is_indexed"]) == ("integer", False)
    assert body["auto_create_enabled"] is False
    assert body["next_auto_create_run"] is None
    assert body["analysis_period"] == "24h"


def test_a_type_once_sampled_is_told_however_many_fields_are_filtered_more(call):
    own = call.cast.own
    invented = [{"field_name": f"invented_{n}", "count": 1000} for n in range(20)]
    report(call, own, [*invented, {"field_name": "title", "count": 500}])
    sample_cache.fresh(own, ["title"])
    found = ask(call, "suggestions").json()["suggestions"]
    types = {f["field_name"]: f["suggested_type"] for f in found}
    assert len(types) == 21
    assert types["title"] == "keyword"


def test_the_period_counts(call):
    own = call.cast.own
    old = datetime.now(UTC) - timedelta(hours=30)
    usage.count_filter(own.namespace_id, {"rank": Tally(500)}, at=old)
    assert ask(call, "usage").json()["fields"] == []
    assert ask(call, "usage", query="&period=2d").json()["total_fields"] == 1
    assert ask(call, "suggestions").json()["suggestions"] == []
    found = ask(call, "suggestions", query="&hours=48").json()["suggestions"]
    assert found[0]["query_count_24h"] == 0


def test_the_namespace_is_named_by_the_header(call):
    own = call.cast.own
    report(call, own, [{"field_name": "rank"}])
    named = {"X-Namespace": own.name}
    found = call("GET", "/analytics/indexes/usage", **named)
    assert found.json()["namespace_id"] == own.namespace_id
    assert call("GET", "/analytics/indexes/usage").status_code == 422


FLAGS = "Länder & Flaggen · أعلام העולם 🌍"


@pytest.mark.parametrize(
    "sent", [FLAGS.encode().decode("latin-1"), quote(FLAGS), quote(FLAGS, safe=" &")]
)
def test_the_header_names_in_any_script(call, sent):
    """As a server hands it on: each byte of UTF-8 as one character; or escaped."""
    flags = make_namespace(call.cast.northlight, FLAGS, in_qdrant=False)
    found = call("GET", "/analytics/indexes/usage", **{"X-Namespace": sent})
    assert found.json()["namespace_id"] == flags.namespace_id


@pytest.mark.parametrize("sent", ["L\xe4nder", "L%E4nder", "a%00b", "Länder 🌍", ""])
def test_a_header_that_cannot_be_read_says_what_to_send(call, sent):
    found = call("GET", "/analytics/indexes/usage", **{"X-Namespace": sent})
    assert locations_of(found) == ["header.X-Namespace"]
    message = error_of(found)["message"]
    assert "send the id" in message
    assert "?namespace=" in message


@pytest.mark.parametrize("what", ["usage", "suggestions"])
def test_a_foreign_namespace_is_not_there(call, what):
    assert ask(call, what, namespace=call.cast.foreign).status_code == 404
    foreign = report(call, call.cast.foreign, [{"field_name": "a"}])
    assert foreign.status_code == 404


@pytest.mark.parametrize("role", ["viewer", "support"])
def test_who_only_reads_reports_nothing(call, role):
    call.cast.open_sessions()
    own = call.cast.own
    answer = report(call, own, [{"field_name": "rank"}], role=role)
    assert answer.status_code == 403
    assert ask(call, "usage", role=role).json()["fields"] == []


@pytest.mark.parametrize(
    "query",
    [
        "&period=0h",
        "&period=32d",
        "&period=h",
        "&period=24m",
        "&period=٢٤h",
        "&min_count=0",
        "&x=1",
    ],
)
def test_a_wrong_question_is_refused(call, query):
    assert ask(call, "usage", query=query).status_code == 422


@pytest.mark.parametrize("query", ["&hours=0", "&hours=721", "&min_count=10001"])
def test_a_wrong_window_is_refused(call, query):
    assert ask(call, "suggestions", query=query).status_code == 422


def test_without_counters_nothing_is_called_unused(call, settings):
    settings.NSADMIN_REDIS_URL = "redis://127.0.0.1:9/0"
    assert ask(call, "usage").status_code == 503


def test_an_index_that_qdrant_lacks_is_none(call):
    namespace = make_namespace(
        call.cast.northlight, "holed", indexes={"rank": {"type": "integer"}}
    )
    report(call, namespace, [{"field_name": "rank"}])
    [field] = ask(call, "usage", namespace=namespace).json()["fields"]
    assert field["is_indexed"] is True
    collections.drop_index(shared(), namespace.collection, "rank")
    snapshots.invalidate(namespace.namespace_id)
    [field] = ask(call, "usage", namespace=namespace).json()["fields"]
    assert field["is_indexed"] is False


def test_the_other_advice_stands_beside_the_suggestions(call):
    namespace = make_namespace(
        call.cast.northlight,
        "indexed",
        indexes={"title": {"type": "keyword"}, "rank": {"type": "keyword"}},
        created_at=datetime.now(UTC) - timedelta(days=9),
    )
    old = datetime.now(UTC) - timedelta(days=8)
    usage.count_filter(namespace.namespace_id, {"rank": Tally(1)}, at=old)
    report(call, namespace, [{"field_name": "rank", "count": 200}])
    body = ask(call, "suggestions", namespace=namespace).json()
    assert body["suggestions"] == []
    assert body["advice"] == [
        {
            "kind": "wrong_type",
            "field_name": "rank",
            "index_type": "integer",
            "reason": "The keyword index holds 0 of the 3 points that have a value.",
        },
        {
            "kind": "unused",
            "field_name": "title",
            "index_type": "keyword",
            "reason": "No filter on this field was reported in 7 days.",
        },
    ]


def test_a_suggestion_beyond_the_budget_says_so(call):
    full = {f"field_{n}": {"type": "keyword"} for n in range(89)}
    namespace = make_namespace(
        call.cast.northlight, "full", indexes=full, in_qdrant=False
    )
    report(call, namespace, [{"field_name": "rank", "count": 200}])
    body = ask(call, "suggestions", namespace=namespace).json()
    assert [s["field_name"] for s in body["suggestions"]] == ["rank"]
    [found] = body["advice"]
    assert (found["kind"], found["field_name"]) == ("over_budget", "rank")
    assert "drop one first" in found["reason"]
