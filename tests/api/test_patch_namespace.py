"""`PATCH /v1/namespaces/{identifier}`."""

import copy
import json
from typing import Any

import pytest

from nsadmin.audit.models import AuditEvent
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from tests.api.conftest import Caller, error_of, locations_of
from tests.cast import make_namespace

FACE = {"feature_extractor_name": "face_identity_extractor", "version": "v1"}
TEXT = {"feature_extractor_name": "text_extractor", "version": "v1", "params": {}}

# The specification's own body; its placeholders and the collection are filled in.
SPECIFIED: dict[str, Any] = {
    "namespace_name": "product-search",
    "description": "<string>",
    "feature_extractors": [TEXT],
    "payload_indexes": [
        {
            "field_name": "title",
            "field_schema": {
                "type": "text",
                "tokenizer": "word",
                "min_token_len": 2,
                "max_token_len": 15,
                "lowercase": True,
            },
            "is_protected": False,
        }
    ],
    "auto_create_indexes": True,
    "repair_vectors": True,
    "infrastructure": {
        "autoscaling_enabled": False,
        "compute_tier": "shared",
        "description": "Shared development namespace",
        "max_concurrent_jobs": 10,
        "qdrant_collection": "…",
        "ray_head_node_url": "ray://shared-cluster:10001",
    },
}


def path(call: Caller, query: str = "") -> str:
    return f"/namespaces/{call.cast.own.namespace_id}{query}"


def patched(call: Caller, body: Any, query: str = "", **kwargs: Any) -> Any:
    response = call("PATCH", path(call, query), body, **kwargs)
    assert response.status_code == 200, response.content
    return json.loads(response.content)


def specified(call: Caller) -> dict[str, Any]:
    body = copy.deepcopy(SPECIFIED)
    body["infrastructure"]["qdrant_collection"] = call.cast.own.collection
    return body


def index(name: str = "title", **more: Any) -> dict[str, Any]:
    return {"field_name": name, "type": "keyword", **more}


def text_index(**schema: Any) -> dict[str, Any]:
    return {"field_name": "title", "field_schema": {"type": "text", **schema}}


def test_it_answers_with_the_changed_namespace(call: Caller) -> None:
    response = call("PATCH", path(call), {"description": "Reels since 1895"})
    assert response.status_code == 200
    data = json.loads(response.content)
    assert data["description"] == "Reels since 1895"
    assert data["revision"] == data["observed_revision"] == 2
    assert response.headers["ETag"] == '"r2"'
    again = json.loads(call("GET", path(call)).content)
    assert again["description"] == "Reels since 1895"


def test_the_body_of_the_specification_is_accepted(call: Caller) -> None:
    data = patched(call, specified(call))
    assert data["namespace_name"] == "product-search"
    assert data["description"] == "<string>"
    assert data["auto_create_indexes"] is True
    assert [e["feature_extractor_id"] for e in data["feature_extractors"]] == [
        "face_identity_extractor_v1",
        "text_extractor_v1",
    ]
    assert data["payload_indexes"][0]["field_name"] == "title"
    assert data["infrastructure"] == specified(call)["infrastructure"]
    assert "text_extractor_v1_embedding" in data["vector_inference_map"]
    live = collections.get(shared(), call.cast.own.collection)
    assert live.vectors["text_extractor_v1_embedding"].size == 1024
    assert live.indexes["title"].type == "text"


def test_sent_a_second_time_it_changes_nothing(call: Caller) -> None:
    first = patched(call, specified(call))
    second = patched(call, specified(call))
    assert (second["revision"], second) == (first["revision"], first)
    assert AuditEvent.objects.count() == 1


def test_what_was_got_can_be_sent_back(call: Caller) -> None:
    patched(call, specified(call))
    before = json.loads(call("GET", path(call)).content)
    known: tuple[str, ...]
    known = ("namespace_name", "description", "feature_extractors")
    known += ("payload_indexes", "auto_create_indexes", "infrastructure")
    after = patched(call, {key: before[key] for key in known})
    assert after["revision"] == before["revision"]


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_stored_name_that_no_new_one_may_be_stays(call: Caller, method: str) -> None:
    clone = make_namespace(call.cast.northlight, "cc", in_qdrant=False)
    at = f"/namespaces/{clone.namespace_id}"
    for name in ("cc", " cc "):
        response = call(method, at, {"namespace_name": name})
        assert response.status_code == 200, response.content
        assert json.loads(response.content)["revision"] == 1
    for name in ("dd", "CC", "list"):
        response = call(method, at, {"namespace_name": name})
        assert locations_of(response) == ["namespace_name"]


def test_a_stored_description_that_no_new_one_may_be_stays(call: Caller) -> None:
    written = "\x07" * 2001
    known = make_namespace(
        call.cast.northlight, "belled", in_qdrant=False, description=written
    )
    at = f"/namespaces/{known.namespace_id}"
    assert call("PATCH", at, {"description": written}).status_code == 200
    response = call("PATCH", at, {"description": written + "\x07"})
    assert locations_of(response) == ["description"]


NOTHING_TO_DO: list[dict[str, Any]] = [
    {},
    dict.fromkeys(SPECIFIED),
    {"feature_extractors": []},
    {"feature_extractors": [FACE]},
    {"namespace_name": "  film archive "},
    {"repair_vectors": True},
    {"repair_vectors": False},
    {"infrastructure": {}},
    {"infrastructure": {"compute_tier": None}},
]


def test_nothing_to_do_is_done_at_once(call: Caller, subtests) -> None:
    for body in NOTHING_TO_DO:
        with subtests.test(body=body):
            assert patched(call, body)["revision"] == 1
            assert not AuditEvent.objects.exists()


def test_an_empty_description_is_none(call: Caller) -> None:
    patched(call, {"description": "something"})
    assert patched(call, {"description": "  "})["description"] is None


def test_an_empty_list_drops_the_custom_indexes_only(call: Caller) -> None:
    patched(call, {"payload_indexes": [index(), index("meta.tags[].name")]})
    data = patched(call, {"payload_indexes": []})
    assert all(i["is_protected"] for i in data["payload_indexes"])
    live = collections.get(shared(), call.cast.own.collection).indexes
    assert "title" not in live
    assert "namespace_id" in live


def test_it_is_audited_with_the_request(call: Caller) -> None:
    response = call("PATCH", path(call), {"description": "x"})
    event = AuditEvent.objects.get()
    assert event.request_id == response.headers["X-Request-Id"]
    assert (event.actor_kind, event.actor_label) == ("key", "key admin key")
    assert (event.outcome, event.revision) == ("done", 2)


# Only looking ------------------------------------------------------------------------


def test_a_dry_run_answers_with_the_plan_and_writes_nothing(call: Caller) -> None:
    response = call("PATCH", path(call, "?dry_run=true"), specified(call))
    assert response.status_code == 200
    data = json.loads(response.content)
    assert data["dry_run"] is True
    assert data["qdrant_silent"] is False
    kinds = [step["kind"] for step in data["plan"]["steps"]]
    assert kinds[0] == "set_field"
    assert {"append_extractor", "add_vector", "create_index"} <= set(kinds)
    assert all(step["sentence"] and step["store"] for step in data["plan"]["steps"])
    assert response.headers["ETag"] == '"r1"'
    assert json.loads(call("GET", path(call)).content)["revision"] == 1
    assert "title" not in collections.get(shared(), call.cast.own.collection).indexes
    assert not AuditEvent.objects.exists()


def test_a_dry_run_finds_the_same_faults(call: Caller) -> None:
    body = {"payload_indexes": [index("a b")]}
    for query in ("?dry_run=true", ""):
        response = call("PATCH", path(call, query), body)
        assert locations_of(response) == ["payload_indexes.0.field_name"]


def test_a_plan_that_was_shown_is_carried_out(call: Caller) -> None:
    body = {"description": "x"}
    shown = patched(call, body, "?dry_run=true")["plan"]
    assert patched(call, body, f"?plan_digest={shown['digest']}")["revision"] == 2


def test_a_plan_that_moved_is_409_with_the_new_one(call: Caller) -> None:
    body = {"description": "mine"}
    shown = patched(call, body, "?dry_run=true")["plan"]
    patched(call, {"description": "another's"})
    response = call("PATCH", path(call, f"?plan_digest={shown['digest']}"), body)
    assert response.status_code == 409
    error = error_of(response)
    assert error["code"] == "plan_moved"
    (step,) = error["details"]["plan"]["steps"]
    assert (step["before"], step["after"]) == ("another's", "mine")
    again = error["details"]["plan"]["digest"]
    assert patched(call, body, f"?plan_digest={again}")["description"] == "mine"


def test_a_change_of_something_else_does_not_move_a_plan(call: Caller) -> None:
    body = {"description": "mine"}
    shown = patched(call, body, "?dry_run=true")["plan"]
    patched(call, {"namespace_name": "renamed"})
    assert patched(call, body, f"?plan_digest={shown['digest']}")["revision"] == 3


# If-Match ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given", ['"r1"', "r1", "*", '"r7", "r1"', 'W/"r1","r1"', '"abc", "r1" , "r2"']
)
def test_if_match_of_the_stored_revision(call: Caller, given: str) -> None:
    assert patched(call, {"description": "x"}, if_match=given)["revision"] == 2


@pytest.mark.parametrize("query", ["", "?dry_run=true"])
def test_if_match_of_another_revision_is_412_with_the_plan(
    call: Caller, query: str
) -> None:
    patched(call, {"description": "another's"})
    response = call(
        "PATCH", path(call, query), {"description": "mine"}, if_match='"r1"'
    )
    assert response.status_code == 412
    assert response.headers["ETag"] == '"r2"'
    error = error_of(response)
    assert error["type"] == "PreconditionFailedError"
    assert error["details"]["plan"]["revision"] == 2
    assert json.loads(call("GET", path(call)).content)["revision"] == 2


@pytest.mark.parametrize(
    "given", ['W/"r1"', '"abc"', '"r-1"', '"r2", "r3"', 'W/"r1", "r7"', '"R1"']
)
@pytest.mark.parametrize("query", ["", "?dry_run=true"])
def test_an_etag_that_does_not_match_is_412(
    call: Caller, given: str, query: str
) -> None:
    """As RFC 9110 has it: a weak ETag never matches, of several one is enough."""
    response = call("PATCH", path(call, query), {"description": "x"}, if_match=given)
    assert response.status_code == 412
    assert response.headers["ETag"] == '"r1"'
    assert error_of(response)["code"] == "stale_revision"
    assert store.get(call.cast.own.namespace_id)["revision"] == 1


@pytest.mark.parametrize("given", ["", " ", "1", "abc", "r1, r2", "W/r1", '"r1'])
def test_an_if_match_without_an_etag_is_not_read(call: Caller, given: str) -> None:
    response = call("PATCH", path(call), {"description": "x"}, if_match=given)
    assert response.status_code == 400
    assert error_of(response)["code"] == "if_match_unreadable"
    assert store.get(call.cast.own.namespace_id)["revision"] == 1


# What is not acceptable --------------------------------------------------------------


UNKNOWN_KEYS: list[str] = [
    "namespace_id",
    "object",
    "scope",
    "namespace_type",
    "expires_at",
    "ttl_seconds",
    "cluster_id",
    "document_count",
    "vector_inference_map",
    "qdrant_status",
    "created_at",
    "updated_at",
    "internal_id",
    "revision",
    "clone_status",
    "$set",
    "a.b",
    "",
]


def test_no_other_key_is_accepted(call: Caller, subtests) -> None:
    for field in UNKNOWN_KEYS:
        with subtests.test(field=field):
            before = store.get(call.cast.own.namespace_id)
            response = call("PATCH", path(call), {field: "x", "description": "y"})
            assert locations_of(response) == [field]
            assert store.get(call.cast.own.namespace_id) == before


REFUSED_IN_NAMES = [
    "/",
    "\\",
    "?",
    "#",
    "%",
    "\t",
    "\x7f",
    "\u202e",
    "\u200b",
    "\ufeff",
]


REFUSED_NAMES: list[str] = [
    "ab",
    "  ab  ",
    "",
    "x" * 65,
    ".hidden",
    "list",
    "Stats",
    "ns_something",
    "org_1",
    "6f1c1f0e-0000-4000-8000-000000000000",
    *(f"bad{character}name" for character in REFUSED_IN_NAMES),
]


def test_a_name_that_is_refused(call: Caller, subtests) -> None:
    for name in REFUSED_NAMES:
        with subtests.test(name=name):
            response = call("PATCH", path(call), {"namespace_name": name})
            assert locations_of(response) == ["namespace_name"]


@pytest.mark.parametrize(
    "name", ["abc", "x" * 64, "Ünïcode 名前 🎬", "a.b-c_d", "a+b&c"]
)
def test_a_name_that_is_accepted(call: Caller, name: str) -> None:
    assert patched(call, {"namespace_name": name})["namespace_name"] == name


@pytest.mark.parametrize("name", ["rushes", "RUSHES", " Rushes "])
def test_a_name_that_is_taken_is_409(call: Caller, name: str) -> None:
    make_namespace(call.cast.northlight, "rushes", in_qdrant=False)
    for query in ("", "?dry_run=true"):
        response = call("PATCH", path(call, query), {"namespace_name": name})
        assert response.status_code == 409
        error = error_of(response)
        assert error["code"] == "namespace_name_taken"
        assert error["type"] == "AlreadyExistsError"


def test_a_name_of_another_organization_is_free(call: Caller) -> None:
    name = call.cast.foreign.name
    assert patched(call, {"namespace_name": name})["namespace_name"] == name


NOT_ACCEPTABLE: list[tuple[dict[str, Any], Any]] = [
    ({"namespace_name": 7}, "namespace_name"),
    ({"namespace_name": {"$ne": None}}, "namespace_name"),
    ({"description": ["x"]}, "description"),
    ({"description": "x" * 2001}, "description"),
    ({"description": "a\x07b"}, "description"),
    ({"auto_create_indexes": "true"}, "auto_create_indexes"),
    ({"auto_create_indexes": 1}, "auto_create_indexes"),
    ({"repair_vectors": "yes"}, "repair_vectors"),
    ({"feature_extractors": {}}, "feature_extractors"),
    ({"feature_extractors": ["text_extractor_v1"]}, "feature_extractors.0"),
    (
        {"feature_extractors": [{"version": "v1"}]},
        "feature_extractors.0.feature_extractor_name",
    ),
    (
        {"feature_extractors": [{**TEXT, "feature_extractor_name": "dream"}]},
        "feature_extractors.0",
    ),
    ({"feature_extractors": [{**TEXT, "version": "v9"}]}, "feature_extractors.0"),
    (
        {"feature_extractors": [{**TEXT, "params": {"speed": 1}}]},
        "feature_extractors.0.params",
    ),
    (
        {"feature_extractors": [{**TEXT, "params": {"embedding_model": "x"}}]},
        "feature_extractors.0.params.embedding_model",
    ),
    (
        {"feature_extractors": [{**TEXT, "feature_extractor_id": "other_v1"}]},
        "feature_extractors.0.feature_extractor_id",
    ),
    ({"payload_indexes": {}}, "payload_indexes"),
    ({"payload_indexes": ["title"]}, "payload_indexes.0"),
    ({"payload_indexes": [{}]}, "payload_indexes.0.field_name"),
    ({"payload_indexes": [{"field_name": "a"}]}, "payload_indexes.0.type"),
    ({"payload_indexes": [index(type="json")]}, "payload_indexes.0.type"),
    ({"payload_indexes": [index(speed=1)]}, "payload_indexes.0.speed"),
    ({"payload_indexes": [index("")]}, "payload_indexes.0.field_name"),
    ({"payload_indexes": [index("x" * 256)]}, "payload_indexes.0.field_name"),
    ({"payload_indexes": [index("a..b")]}, "payload_indexes.0.field_name"),
    ({"payload_indexes": [index("..")]}, "payload_indexes.0.field_name"),
    ({"payload_indexes": [index("a/../b")]}, "payload_indexes.0.field_name"),
    ({"payload_indexes": [index("a b")]}, "payload_indexes.0.field_name"),
    ({"payload_indexes": [index("a[0]")]}, "payload_indexes.0.field_name"),
    ({"payload_indexes": [index("a\u200b")]}, "payload_indexes.0.field_name"),
    (
        {"payload_indexes": [index("namespace_id")]},
        "payload_indexes.0.field_name",
    ),
    (
        {"payload_indexes": [index("mine", is_protected=True)]},
        "payload_indexes.0.is_protected",
    ),
    (
        {
            "payload_indexes": [
                index("created_at", is_protected=True, type="datetime"),
                index("namespace_id", is_protected=True, type="uuid"),
            ]
        },
        "payload_indexes.1.field_schema",
    ),
    (
        {"payload_indexes": [index(), index("rank"), index()]},
        "payload_indexes.2.field_name",
    ),
    (
        {"payload_indexes": [index(field_schema={"type": "text"})]},
        "payload_indexes.0.type",
    ),
    (
        {"payload_indexes": [text_index(min_token_len=9, max_token_len=3)]},
        "payload_indexes.0.field_schema.min_token_len",
    ),
    (
        {"payload_indexes": [text_index(tokenizer="sentence")]},
        "payload_indexes.0.field_schema.tokenizer",
    ),
    (
        {"payload_indexes": [text_index(min_token_len=-1)]},
        "payload_indexes.0.field_schema.min_token_len",
    ),
    (
        {"payload_indexes": [text_index(max_token_len=2.5)]},
        "payload_indexes.0.field_schema.max_token_len",
    ),
    (
        {"payload_indexes": [text_index(stemmer="english")]},
        "payload_indexes.0.field_schema.stemmer",
    ),
    (
        {"payload_indexes": [index(field_schema={"is_tenant": "no"})]},
        "payload_indexes.0.field_schema.is_tenant",
    ),
    (
        {
            "payload_indexes": [
                {
                    "field_name": "rank",
                    "field_schema": {
                        "type": "integer",
                        "lookup": False,
                        "range": False,
                    },
                }
            ]
        },
        "payload_indexes.0.field_schema",
    ),
    (
        {"payload_indexes": [index(f"f{n}") for n in range(100)]},
        "payload_indexes",
    ),
    (
        {"payload_indexes": [index(f"f{n}") for n in range(5_000)]},
        "payload_indexes",
    ),
    ({"infrastructure": []}, "infrastructure"),
    ({"infrastructure": {"speed": 1}}, "infrastructure.speed"),
    (
        {"infrastructure": {"qdrant_collection": "ns_other"}},
        "infrastructure.qdrant_collection",
    ),
    (
        {"infrastructure": {"qdrant_url": "http://169.254.169.254:80"}},
        "infrastructure.qdrant_url",
    ),
    (
        {"infrastructure": {"qdrant_api_key": "canary"}},
        "infrastructure.qdrant_api_key",
    ),
    (
        {"infrastructure": {"compute_tier": "quantum"}},
        "infrastructure.compute_tier",
    ),
    (
        {"infrastructure": {"max_concurrent_jobs": 1001}},
        "infrastructure.max_concurrent_jobs",
    ),
    (
        {"infrastructure": {"max_custom_models": 50}},
        "infrastructure.max_custom_models",
    ),
    (
        {"infrastructure": {"min_workers": 9, "max_workers": 3}},
        "infrastructure.min_workers",
    ),
    (
        {"infrastructure": {"ray_head_node_url": "http://10.0.0.1"}},
        "infrastructure.ray_head_node_url",
    ),
]


def test_what_is_not_acceptable_is_422_at_its_place(call: Caller, subtests) -> None:
    for body, location in NOT_ACCEPTABLE:
        with subtests.test(body=body):
            response = call("PATCH", path(call), body)
            assert locations_of(response) == [location]
            assert "canary" not in response.content.decode()
            assert store.get(call.cast.own.namespace_id)["revision"] == 1


def test_what_is_no_object_is_told_in_our_own_words(call: Caller) -> None:
    body = {
        "payload_indexes": ["title"],
        "feature_extractors": [5],
        "infrastructure": 1,
    }
    response = call("PATCH", path(call), body)
    faults = error_of(response)["details"]["validation_errors"]
    assert {fault["location"]: fault["message"] for fault in faults} == dict.fromkeys(
        ("payload_indexes.0", "feature_extractors.0", "infrastructure"),
        "Must be an object.",
    )


def test_every_fault_is_told_at_once(call: Caller) -> None:
    body = {
        "payload_indexes": [index("a b"), index("title"), index("namespace_id")],
    }
    assert locations_of(call("PATCH", path(call), body)) == [
        "payload_indexes.0.field_name",
        "payload_indexes.2.field_name",
    ]


def test_a_size_written_with_a_point_is_stored_as_the_integer(call: Caller) -> None:
    name = "gemini_multifile_extractor"
    entry = {"feature_extractor_name": name, "version": "v1"}
    body = {
        "feature_extractors": [{**entry, "params": {"output_dimensionality": 768.0}}]
    }
    (_, stored) = patched(call, body)["feature_extractors"]
    assert type(stored["params"]["output_dimensionality"]) is int
    assert stored["params"] == {"output_dimensionality": 768}
    assert patched(call, body)["revision"] == 2


def test_params_are_locked_once_registered(call: Caller) -> None:
    patched(call, {"feature_extractors": [TEXT]})
    other = {**TEXT, "params": {"embedding_model": "text-embedding-3-small"}}
    response = call("PATCH", path(call), {"feature_extractors": [other]})
    assert response.status_code == 409
    assert error_of(response)["code"] == "extractor_params_locked"


# Who may -----------------------------------------------------------------------------


def test_a_member_patches_but_not_the_infrastructure(call: Caller) -> None:
    assert patched(call, {"description": "x"}, role="member")["revision"] == 2
    body = {"infrastructure": {"max_concurrent_jobs": 5}}
    for query in ("", "?dry_run=true"):
        response = call("PATCH", path(call, query), body, role="member")
        assert response.status_code == 403
        assert error_of(response)["details"]["action"] == "namespace:infrastructure"


@pytest.mark.parametrize("role", ["viewer", "support"])
def test_who_only_reads_may_not_even_try(call: Caller, role: str) -> None:
    for query in ("", "?dry_run=true"):
        response = call("PATCH", path(call, query), {"description": "x"}, role=role)
        assert response.status_code == 403
        assert error_of(response)["details"]["role"] == role


def test_a_foreign_one_is_answered_like_one_that_does_not_exist(call: Caller) -> None:
    def answer(identifier: str) -> str:
        response = call(
            "PATCH",
            f"/namespaces/{identifier}",
            {"description": "x"},
            x_request_id="the-same-request",
        )
        assert response.status_code == 404
        return response.content.decode().replace(identifier, "…")

    foreign = call.cast.foreign.namespace_id
    assert answer(foreign) == answer(foreign[:-4] + "zzzz")
    assert store.get(foreign)["revision"] == 1


def test_a_system_namespace_is_changed_by_platform_admins_alone(call: Caller) -> None:
    target = f"/namespaces/{call.cast.system.namespace_id}"
    body = {"description": "x"}
    assert call("PATCH", target, body).status_code == 403
    assert call("PATCH", target, body, role="platform_admin").status_code == 200


# The state of things -----------------------------------------------------------------


def test_a_namespace_that_is_being_cloned_into_is_busy(call: Caller) -> None:
    copy_ = make_namespace(
        call.cast.northlight,
        "copy",
        in_qdrant=False,
        clone_status="cloning",
        clone_task_id="6f1c1f0e-0000-4000-8000-000000000000",
    )
    response = call("PATCH", f"/namespaces/{copy_.namespace_id}", {"description": "x"})
    assert response.status_code == 409
    error = error_of(response)
    assert error["code"] == "namespace_busy"
    assert error["details"]["task_id"].startswith("6f1c1f0e")


def test_without_qdrant_only_what_needs_it_is_refused(call: Caller, settings) -> None:
    settings.NSADMIN_QDRANT_URL = "http://127.0.0.1:9"
    assert patched(call, {"description": "x"})["revision"] == 2
    response = call("PATCH", path(call), {"payload_indexes": [index()]})
    assert response.status_code == 503
    assert error_of(response)["details"]["store"] == "qdrant"
    assert store.get(call.cast.own.namespace_id)["revision"] == 2
    shown = patched(call, {"payload_indexes": [index()]}, "?dry_run=true")
    assert shown["qdrant_silent"] is True


# What a client that is generated from the published API adds to every index.
ALL_DEFAULTS = {
    "is_tenant": False,
    "lookup": True,
    "range": True,
    "tokenizer": "word",
    "min_token_len": 2,
    "max_token_len": 15,
    "lowercase": True,
}


@pytest.mark.parametrize("others", [ALL_DEFAULTS, dict.fromkeys(ALL_DEFAULTS)])
@pytest.mark.parametrize(
    "kind",
    ["keyword", "integer", "float", "bool", "geo", "datetime", "text", "uuid"],
)
def test_the_defaults_of_other_types_are_dropped(
    call: Caller, kind: str, others: dict[str, Any]
) -> None:
    body = {"payload_indexes": [{"field_name": "x", "field_schema": {"type": kind}}]}
    plain = patched(call, body)

    body["payload_indexes"][0]["field_schema"] = {**others, "type": kind}
    again = patched(call, body)

    assert again["revision"] == plain["revision"]
    assert again["payload_indexes"] == plain["payload_indexes"]


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("keyword", "min_token_len", 3),
        ("keyword", "min_token_len", 2.0),
        ("text", "is_tenant", True),
        ("geo", "lookup", 1),
        ("uuid", "range", False),
        ("bool", "tokenizer", "Word"),
    ],
)
def test_other_values_of_another_types_parameter_are_refused(
    call: Caller, kind: str, key: str, value: Any
) -> None:
    schema = {"type": kind, key: value}
    body = {"payload_indexes": [{"field_name": "x", "field_schema": schema}]}
    response = call("PATCH", path(call), body)
    assert response.status_code == 422
    assert locations_of(response) == [f"payload_indexes.0.field_schema.{key}"]


@pytest.mark.parametrize("others", [{}, ALL_DEFAULTS, dict.fromkeys(ALL_DEFAULTS)])
def test_sending_back_what_was_read_changes_nothing(
    call: Caller, others: dict[str, Any]
) -> None:
    kinds = ("keyword", "integer", "float", "bool", "geo", "datetime", "text", "uuid")
    patched(
        call,
        {"payload_indexes": [{"field_name": f"a_{k}", "type": k} for k in kinds]},
    )
    before = json.loads(call("GET", path(call)).content)
    body = {
        key: copy.deepcopy(before[key])
        for key in (
            "namespace_name",
            "description",
            "infrastructure",
            "feature_extractors",
            "payload_indexes",
            "auto_create_indexes",
        )
    }
    for index in body["payload_indexes"]:
        index["field_schema"] = {**others, **index["field_schema"]}

    after = patched(call, body)

    assert after["revision"] == before["revision"]
    assert after["payload_indexes"] == before["payload_indexes"]
