"""`POST /v1/namespaces`."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from nsadmin.access.models import Organization
from nsadmin.access.permissions import Role
from nsadmin.audit.models import AuditEvent, Outcome
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.schema.extractors import REGISTRY
from nsadmin.namespaces.schema.payload_indexes import PROTECTED_INDEXES
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from tests.api.conftest import Caller, error_of, locations_of
from tests.cast import make_namespace, namespace_id
from tests.dedicated import OwnCluster

NAME = {"namespace_name": "new one"}
FACES = {"feature_extractor_name": "face_identity_extractor", "version": "v1"}
RANK = {"field_name": "rank", "type": "integer"}


def created(call: Caller, body: Any, **kwargs: Any) -> Any:
    response = call("POST", "/namespaces", {**NAME, **body}, **kwargs)
    assert response.status_code == 200, response.content
    return json.loads(response.content)


def refused(call: Caller, body: Any, **kwargs: Any) -> list[str]:
    before = len(list(store.every()))
    found = locations_of(call("POST", "/namespaces", {**NAME, **body}, **kwargs))
    assert len(list(store.every())) == before
    return found


# What is made ------------------------------------------------------------------------


def test_it_answers_with_the_namespace_and_its_tag(call: Caller) -> None:
    response = call("POST", "/namespaces", NAME)
    data = json.loads(response.content)
    assert response.headers["ETag"] == '"r1"'
    assert data["namespace_name"] == "new one"
    assert data["namespace_id"].startswith("ns_")
    assert (data["scope"], data["namespace_type"]) == ("org", "standard")
    assert (data["revision"], data["observed_revision"]) == (1, 1)
    assert data["created_at"] == data["updated_at"]
    assert data["expires_at"] is None
    assert data["clone_status"] is None
    assert data["infrastructure"] == {
        "qdrant_collection": data["namespace_id"],
        "compute_tier": "shared",
        "max_concurrent_jobs": 10,
        "autoscaling_enabled": True,
    }
    found = json.loads(call("GET", f"/namespaces/{data['namespace_id']}").content)
    assert found["qdrant_status"]["points_count"] == 0
    assert found["document_count"] == 0


def test_the_collection_has_every_vector_and_index(call: Caller) -> None:
    body = {"feature_extractors": [FACES], "payload_indexes": [RANK]}
    data = created(call, body)
    live = collections.get(shared(), data["namespace_id"])
    assert live is not None
    (vector,) = REGISTRY["face_identity_extractor_v1"].vectors
    assert {n: (v.size, v.distance) for n, v in live.vectors.items()} == {
        vector.name: (vector.size, vector.distance)
    }
    assert set(live.indexes) == {*PROTECTED_INDEXES, "rank"}
    assert live.indexes["internal_id"].params.get("is_tenant") is True
    assert data["vector_inference_map"] == {vector.name: vector.inference}
    custom = [i for i in data["payload_indexes"] if not i["is_protected"]]
    assert [i["field_name"] for i in custom] == ["rank"]


def test_without_extractors_it_gets_text_and_images(call: Caller) -> None:
    data = created(call, {"feature_extractors": None})
    ids = [e["feature_extractor_id"] for e in data["feature_extractors"]]
    assert ids == ["text_extractor_v1", "image_extractor_v1"]
    assert data["feature_extractors"][0]["params"] == {
        "embedding_model": "multilingual_e5_large_instruct_v1"
    }


def test_one_extractor_must_bring_a_vector(call: Caller) -> None:
    none = {"feature_extractor_name": "passthrough_extractor", "version": "v1"}
    for entries in ([], [none]):
        assert refused(call, {"feature_extractors": entries}) == ["feature_extractors"]
    data = created(call, {"feature_extractors": [none, FACES]})
    assert len(data["feature_extractors"]) == 2


def test_params_decide_the_size_and_lock(call: Caller) -> None:
    params = {"embedding_model": "all_minilm_l6_v2_v1"}
    entry = {"feature_extractor_name": "text_extractor", "version": "v1"}
    data = created(call, {"feature_extractors": [{**entry, "params": params}]})
    live = collections.get(shared(), data["namespace_id"])
    assert live is not None
    assert live.vectors["text_extractor_v1_embedding"].size == 384
    response = call(
        "PATCH", f"/namespaces/{data['namespace_id']}", {"feature_extractors": [entry]}
    )
    assert error_of(response)["code"] == "extractor_params_locked"


def test_the_same_extractor_twice_with_other_params_is_a_conflict(call: Caller) -> None:
    entry = {"feature_extractor_name": "text_extractor", "version": "v1"}
    other = {**entry, "params": {"embedding_model": "all_minilm_l6_v2_v1"}}
    response = call(
        "POST", "/namespaces", {**NAME, "feature_extractors": [entry, other]}
    )
    assert response.status_code == 409


def test_it_is_listed_audited_and_dated_at_once(call: Caller) -> None:
    made = created(call, {})["namespace_id"]
    assert MirroredNamespace.objects.filter(namespace_id=made).exists()
    event = AuditEvent.objects.get(namespace_id=made)
    assert (event.action, event.outcome) == ("namespace:create", Outcome.DONE)
    assert event.changes[0]["after"] == "new one"
    raw = store.get(made)
    assert raw is not None
    assert isinstance(raw["created_at"], datetime)
    assert "pending" not in raw


def test_description_and_auto_indexing_are_kept(call: Caller) -> None:
    data = created(call, {"description": " Words. ", "auto_create_indexes": True})
    assert (data["description"], data["auto_create_indexes"]) == ("Words.", True)
    body = {"namespace_name": "other", "description": "", "auto_create_indexes": None}
    data = created(call, body)
    assert (data["description"], data["auto_create_indexes"]) == (None, False)


def test_a_dry_run_writes_nothing(call: Caller) -> None:
    before = (len(list(store.every())), AuditEvent.objects.count())
    body = NAME | {"payload_indexes": [{"field_name": "title", "type": "text"}]}
    response = call("POST", "/namespaces?dry_run=true", body)
    data = json.loads(response.content)
    assert data["dry_run"] is True
    kinds = [step["kind"] for step in data["plan"]["steps"]]
    assert kinds[:3] == ["append_extractor", "append_extractor", "create_collection"]
    assert kinds[3:] == ["create_index"] * (len(PROTECTED_INDEXES) + 1)
    origins = {step["field"]: step["origin"] for step in data["plan"]["steps"][3:]}
    system = dict.fromkeys(PROTECTED_INDEXES, "system")
    assert origins == {**system, "title": "user"}
    assert (len(list(store.every())), AuditEvent.objects.count()) == before


# Names and ids -----------------------------------------------------------------------


@pytest.mark.parametrize("length", [3, 64])
def test_a_name_of_the_least_and_the_most_length(call: Caller, length: int) -> None:
    assert created(call, {"namespace_name": "n" * length})


@pytest.mark.parametrize(
    "name", ["n" * 2, "n" * 65, "", "a/b", "list", "ns_abcdef", "a\u202eb", None, 5]
)
def test_a_name_that_is_not_accepted(call: Caller, name: Any) -> None:
    assert refused(call, {"namespace_name": name}) == ["namespace_name"]


def test_a_name_is_needed(call: Caller) -> None:
    assert locations_of(call("POST", "/namespaces", {})) == ["namespace_name"]


@pytest.mark.parametrize("name", [" Film ARCHIVE ", "film\u3000archive"])
def test_a_taken_name_is_a_conflict_whatever_its_case(call: Caller, name: str) -> None:
    response = call("POST", "/namespaces", {"namespace_name": name})
    error = error_of(response)
    assert (response.status_code, error["code"]) == (409, "namespace_name_taken")
    # Another organization's name is free.
    assert created(call, {"namespace_name": "museum objects"})


def test_an_id_of_ones_own_is_taken_over(call: Caller) -> None:
    wanted = namespace_id()
    data = created(call, {"namespace_id": wanted})
    assert data["namespace_id"] == wanted
    assert data["infrastructure"]["qdrant_collection"] == wanted
    response = call(
        "POST", "/namespaces", {"namespace_name": "other", "namespace_id": wanted}
    )
    assert error_of(response)["code"] == "namespace_id_taken"


@pytest.mark.parametrize("size", [6, 60])
def test_the_bounds_of_an_id(call: Caller, size: int) -> None:
    assert created(call, {"namespace_id": "ns_" + "a" * size})


@pytest.mark.parametrize(
    "wanted",
    ["ns_" + "a" * 5, "ns_" + "a" * 61, "abcdefgh", "ns_abc/def", "ns_abc.def"],
)
def test_an_id_that_is_not_accepted(call: Caller, wanted: str) -> None:
    assert refused(call, {"namespace_id": wanted}) == ["namespace_id"]


# Expiry ------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [60, 3_153_600_000])
def test_it_expires_so_long_after_it_was_made(call: Caller, seconds: int) -> None:
    data = created(call, {"ttl_seconds": seconds})
    made, ends = (
        datetime.fromisoformat(data[key]) for key in ("created_at", "expires_at")
    )
    assert abs(ends - made - timedelta(seconds=seconds)) < timedelta(seconds=5)


@pytest.mark.parametrize("seconds", [59, 0, -1, 3_153_600_001, "60", 60.5, True])
def test_a_time_that_is_not_accepted(call: Caller, seconds: Any) -> None:
    assert refused(call, {"ttl_seconds": seconds}) == ["ttl_seconds"]


# What is known by name ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({"mode": "standalone"}, "mode"),
        ({"mode": "other"}, "mode"),
        ({"namespace_type": "marketplace"}, "namespace_type"),
        ({"features": ["text"]}, "features"),
        ({"vector_configs": [{"name": "v", "dimension": 4}]}, "vector_configs"),
        ({"vector_configs": [{"name": "v"}]}, "vector_configs.0.dimension"),
        ({"scope": "world"}, "scope"),
        ({"unknown": 1}, "unknown"),
        ({"payload_indexes": [{"field_name": "x"}]}, "payload_indexes.0.type"),
        (
            {"payload_indexes": [{"field_name": "document_id", "type": "keyword"}]},
            "payload_indexes.0.field_name",
        ),
        (
            {"feature_extractors": [{**FACES, "version": "v9"}]},
            "feature_extractors.0",
        ),
        ({"auto_create_indexes": "yes"}, "auto_create_indexes"),
        ({"description": "d" * 2001}, "description"),
    ],
)
def test_what_is_not_offered_is_refused_at_its_place(
    call: Caller, body: Any, at: str
) -> None:
    assert refused(call, body) == [at]


def test_what_is_offered_may_be_said(call: Caller) -> None:
    said = {
        "mode": "managed",
        "namespace_type": "standard",
        "scope": "org",
        "features": [],
        "vector_configs": [],
        "infrastructure": None,
        "ttl_seconds": None,
    }
    assert created(call, said)


def test_the_budget_of_indexes_counts_the_systems(call: Caller) -> None:
    free = 100 - len(PROTECTED_INDEXES)
    many = [{"field_name": f"f{n}", "type": "keyword"} for n in range(free + 1)]
    assert refused(call, {"payload_indexes": many}) == ["payload_indexes"]


# Infrastructure ----------------------------------------------------------------------


def test_shared_infrastructure_is_stored(call: Caller) -> None:
    given: dict[str, Any] = {
        "qdrant_collection": f"{call.cast.northlight.organization_id}_own",
        "max_concurrent_jobs": 7,
        "autoscaling_enabled": False,
        "description": "Ours.",
    }
    data = created(call, {"infrastructure": given})
    assert data["infrastructure"] == {**given, "compute_tier": "shared"}
    assert collections.get(shared(), given["qdrant_collection"]) is not None


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ({"max_concurrent_jobs": 0}, "max_concurrent_jobs"),
        ({"max_concurrent_jobs": 1001}, "max_concurrent_jobs"),
        ({"min_workers": 5, "max_workers": 4}, "min_workers"),
        ({"qdrant_url": "https://q.example:6333"}, "qdrant_url"),
        ({"qdrant_api_key": "secret"}, "qdrant_api_key"),
        ({"qdrant_collection": "ab"}, "qdrant_collection"),
        ({"qdrant_collection": "a" * 129}, "qdrant_collection"),
        ({"qdrant_collection": "a b/c"}, "qdrant_collection"),
        ({"qdrant_collection": "ns_somebodyelse"}, "qdrant_collection"),
        ({"compute_tier": "own"}, "compute_tier"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_infrastructure_that_is_not_accepted(call: Caller, given: Any, at: str) -> None:
    assert refused(call, {"infrastructure": given}) == [f"infrastructure.{at}"]


def test_a_tier_of_ones_own_names_all_that_it_needs(call: Caller) -> None:
    given = {"compute_tier": "dedicated_gpu"}
    assert refused(call, {"infrastructure": given}) == [
        "infrastructure.qdrant_url",
        "infrastructure.qdrant_api_key",
        "infrastructure.ray_head_node_url",
        "infrastructure.gpu_type",
        "infrastructure.gpus_per_worker",
    ]


def test_a_tier_of_ones_own_gets_its_collection_and_hides_its_key(
    call: Caller, settings: Any
) -> None:
    address = settings.NSADMIN_QDRANT_URL
    settings.NSADMIN_CLUSTER_HOSTS = [f"{address.partition('://')[2]}=*"]
    # A server without a key takes any.
    key = settings.NSADMIN_QDRANT_API_KEY or "a-key-that-is-not-asked-for"
    given = {
        "compute_tier": "dedicated_cpu",
        "qdrant_url": address,
        "qdrant_api_key": key,
        "ray_head_node_url": "ray://head.example:10001",
    }
    response = call("POST", "/namespaces", {**NAME, "infrastructure": given})
    assert response.status_code == 200, response.content
    assert key not in response.content.decode()
    shown = json.loads(response.content)["infrastructure"]
    assert shown["qdrant_api_key_provided"] is True
    assert shown["compute_tier"] == "dedicated_cpu"
    raw = store.get(json.loads(response.content)["namespace_id"])
    assert key not in str(raw)
    assert key not in str(list(AuditEvent.objects.values_list("changes", flat=True)))


def test_infrastructure_needs_the_plan(call: Caller) -> None:
    body = {"infrastructure": {"max_concurrent_jobs": 5}}
    response = call("POST", "/namespaces", {**NAME, **body}, role="stranger")
    error = error_of(response)
    assert (response.status_code, error["type"]) == (403, "NotEnabledError")


def make_named(organization: Organization, collection: str) -> None:
    infrastructure = {"qdrant_collection": collection}
    make_namespace(
        organization, collection, in_qdrant=False, infrastructure=infrastructure
    )


@pytest.mark.parametrize("query", ["", "?dry_run=true"])
def test_what_others_named_their_collections_is_not_to_be_found_out(
    call: Caller, query: str
) -> None:
    """The answer is the same for what is there and for what is not, letter by letter."""
    halden = call.cast.halden.organization_id
    for taken, free in (("films", "books"), (f"{halden}_a", f"{halden}_b")):
        make_named(call.cast.halden, taken)
        answers = []
        for name in (taken, free):
            body = NAME | {"infrastructure": {"qdrant_collection": name}}
            response = call("POST", f"/namespaces{query}", body)
            assert locations_of(response) == ["infrastructure.qdrant_collection"]
            error = error_of(response)
            error["details"].pop("request_id")
            answers.append(error)
        assert answers[0] == answers[1]
        assert call.cast.northlight.organization_id in answers[0]["message"]


def test_a_collection_of_ones_own_is_not_taken_twice(call: Caller) -> None:
    ours = f"{call.cast.northlight.organization_id}_films"
    make_named(call.cast.northlight, ours)
    body = {"infrastructure": {"qdrant_collection": ours}}
    response = call("POST", "/namespaces", {**NAME, **body})
    assert error_of(response)["code"] == "collection_taken"


def test_on_a_cluster_of_ones_own_every_name_is_free(
    call: Caller, own_cluster: OwnCluster
) -> None:
    """Also one that somebody has elsewhere; but it does not come to the shared one."""
    make_named(call.cast.halden, "films")
    given = own_cluster.body(qdrant_collection="films")
    data = created(call, {"infrastructure": given})
    assert data["infrastructure"]["qdrant_collection"] == "films"
    path = f"/namespaces/{data['namespace_id']}"
    body = {"infrastructure": {"compute_tier": "shared"}}
    for query in ("", "?dry_run=true"):
        response = call("PATCH", f"{path}{query}", body)
        assert locations_of(response) == ["infrastructure.compute_tier"]


@pytest.mark.parametrize("query", ["", "?dry_run=true"])
def test_a_cluster_that_refuses_is_told_as_a_change_tells_it(
    call: Caller, own_cluster: OwnCluster, settings: Any, query: str
) -> None:
    own_cluster.receive(call.cast.own)

    def both(**more: object) -> list[dict[str, Any]]:
        body = {"infrastructure": own_cluster.body(**more)}
        made = call("POST", f"/namespaces{query}", {**NAME, **body})
        changed = call("PATCH", f"/namespaces/{call.cast.own.namespace_id}", body)
        assert made.status_code == changed.status_code == 422
        return [error_of(response) for response in (made, changed)]

    def told(error: dict[str, Any]) -> tuple[Any, ...]:
        return error["code"], error["message"], error["details"]["validation_errors"]

    made, changed = both(qdrant_api_key="not-the-key")
    assert told(made) == told(changed)
    assert made["code"] == "key_refused"
    (fault,) = made["details"]["validation_errors"]
    assert fault["location"] == "infrastructure.qdrant_api_key"

    own_cluster.server.restart()  # an open connection stays with its checked address
    settings.NSADMIN_CLUSTER_HOSTS = []
    settings.NSADMIN_CLUSTER_PORTS = [own_cluster.port]
    made, changed = both()
    assert told(made) == told(changed)
    assert made["code"] == "address_refused"
    (fault,) = made["details"]["validation_errors"]
    assert fault["location"] == "infrastructure.qdrant_url"


# Who may -----------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["viewer", "member", "support"])
def test_only_admins_make_namespaces(call: Caller, role: str) -> None:
    assert call("POST", "/namespaces", NAME, role=role).status_code == 403


def test_the_systems_own_are_made_by_platform_admins(call: Caller) -> None:
    body = {**NAME, "scope": "system"}
    response = call("POST", "/namespaces", body)
    assert response.status_code == 403
    assert error_of(response)["details"]["roles"] == [Role.PLATFORM_ADMIN.value]
    data = created(call, {"scope": "system"}, role="platform_admin")
    assert data["scope"] == "system"
    assert call("GET", f"/namespaces/{data['namespace_id']}").status_code == 200


def test_the_plan_limits_their_number(call: Caller, settings: Any) -> None:
    settings.NSADMIN_PLAN_LIMITS = {"free": 1, "pro": 2, "enterprise": None}
    created(call, {}, role="stranger")
    body = {"namespace_name": "one more"}
    for query in ("", "?dry_run=true"):
        response = call("POST", f"/namespaces{query}", body, role="stranger")
        error = error_of(response)
        assert (response.status_code, error["type"]) == (403, "QuotaExceededError")
        assert error["details"] | {"request_id": ""} == {
            "resource": "namespaces",
            "current": 2,
            "limit": 2,
            "tier": "pro",
            "request_id": "",
        }


def test_an_own_limit_replaces_that_of_the_subscription(call: Caller) -> None:
    rows = Organization.objects.filter(name="Northlight Media")
    rows.update(namespace_limit=2)
    created(call, {})
    response = call("POST", "/namespaces", {"namespace_name": "one more"})
    error = error_of(response)
    assert (response.status_code, error["type"]) == (403, "QuotaExceededError")
    assert error["message"] == ("Your organization may have 2 namespaces; there are 2.")
    rows.update(namespace_limit=3)
    created(call, {"namespace_name": "one more"})


def test_only_a_few_ids_may_be_tried_that_cannot_be_used(call: Caller) -> None:
    """The answer tells that somebody has an id, so it is not given without end."""
    foreign = call.cast.foreign.namespace_id

    def tried(namespace_id: str) -> int:
        body = {"namespace_name": "probe", "namespace_id": namespace_id}
        return call("POST", "/namespaces?dry_run=true", body).status_code

    assert [tried(foreign) for _ in range(20)] == [409] * 20
    assert tried(foreign) == 429
    assert tried("ns_nobody_has_this") == 429
    body = {"namespace_name": "probe"}
    assert call("POST", "/namespaces?dry_run=true", body).status_code == 200
