"""`/v1/templates/namespaces`: kept, listed, read, made into namespaces."""

import json
from typing import Any

import pytest

from nsadmin.audit.models import AuditEvent
from nsadmin.stores.mongo import namespaces as store
from nsadmin.templates.models import NamespaceTemplate
from tests.api.conftest import Caller, error_of, locations_of
from tests.cast import make_namespace

ROOT = "/templates/namespaces"
RANK = {"type": "integer", "lookup": True, "range": True}


def kept(call: Caller, body: Any = None, source: str = "", **kwargs: Any) -> Any:
    source = source or call.cast.own.namespace_id
    body = {"template_name": "a template", **(body or {})}
    response = call("POST", f"{ROOT}/from-namespace/{source}", body, **kwargs)
    assert response.status_code == 201, response.content
    return json.loads(response.content)


def read(call: Caller, template_id: str, **kwargs: Any) -> Any:
    return json.loads(call("GET", f"{ROOT}/{template_id}", **kwargs).content)


def test_it_keeps_the_configuration_and_nothing_else(call: Caller) -> None:
    source = make_namespace(
        call.cast.northlight,
        "rich",
        in_qdrant=False,
        indexes={"rank": RANK},
        description="Ours.",
        auto_create_indexes=True,
        infrastructure={
            "qdrant_collection": "secretplace",
            "compute_tier": "dedicated_cpu",
            "qdrant_url": "https://q.example:6333",
            "qdrant_api_key_sealed": {"kid": "t1", "nonce": "n", "box": "hidden"},
            "ray_head_node_url": "ray://head.example:1",
            "max_concurrent_jobs": 7,
            "description": "Fast.",
        },
    )
    made = kept(call, source=source.namespace_id)
    assert set(made) == {
        "template_id",
        "template_name",
        "template_type",
        "scope",
        "source_resource_id",
        "created_at",
    }
    found = read(call, made["template_id"])
    assert found["configuration"] == {
        "feature_extractors": [
            {
                "feature_extractor_name": "face_identity_extractor",
                "version": "v1",
                "params": {},
            }
        ],
        "payload_indexes": [
            {"field_name": "rank", "type": "integer", "field_schema": RANK}
        ],
        "auto_create_indexes": True,
        "description": "Ours.",
        "infrastructure": {"max_concurrent_jobs": 7, "description": "Fast."},
    }
    assert found["description"] == "Ours."
    assert found["internal_id"] == call.cast.northlight.organization_id
    assert call.cast.northlight.internal_id not in json.dumps(found)


def test_a_namespace_is_made_from_it(call: Caller) -> None:
    template_id = kept(call)["template_id"]
    response = call(
        "POST",
        f"{ROOT}/{template_id}/instantiate",
        {"namespace_name": "from-it_1", "description": "Mine."},
    )
    assert response.status_code == 201, response.content
    made = json.loads(response.content)
    assert made["template_id"] == template_id
    assert (made["status"], made["task_id"]) == ("ready", None)
    found = json.loads(call("GET", f"/namespaces/{made['namespace_id']}").content)
    own = json.loads(call("GET", f"/namespaces/{call.cast.own.namespace_id}").content)
    assert found["feature_extractors"] == own["feature_extractors"]
    assert found["payload_indexes"] == own["payload_indexes"]
    assert found["description"] == "Mine."
    assert found["document_count"] == 0


def test_every_parameter_of_an_index_is_kept(call: Caller) -> None:
    """Other programs store parameters and names that this console does not offer."""
    title = {"type": "text", "tokenizer": "word", "stopwords": {"languages": ["en"]}}
    source = make_namespace(
        call.cast.northlight,
        "rich",
        in_qdrant=False,
        indexes={"rank": {**RANK, "on_disk": True}, "a title": title},
    )
    template_id = kept(call, source=source.namespace_id)["template_id"]

    response = call(
        "POST", f"{ROOT}/{template_id}/instantiate", {"namespace_name": "from-it"}
    )

    assert response.status_code == 201, response.content
    raw = store.get(json.loads(response.content)["namespace_id"])
    assert raw is not None
    found = {
        index["field_name"]: index["field_schema"] for index in raw["payload_indexes"]
    }
    assert found["rank"] == {**RANK, "on_disk": True}
    assert found["a title"]["stopwords"] == {"languages": ["en"]}


def test_a_configuration_that_no_namespace_can_have_is_not_kept(call: Caller) -> None:
    source = make_namespace(
        call.cast.northlight, "bare", in_qdrant=False, extractors=()
    )
    response = call(
        "POST",
        f"{ROOT}/from-namespace/{source.namespace_id}",
        {"template_name": "a template"},
    )
    assert response.status_code == 409
    assert error_of(response)["code"] == "template_unusable"


def test_the_source_may_be_gone_by_then(call: Caller) -> None:
    template_id = kept(call)["template_id"]
    store.delete(call.cast.own.namespace_id, revision=1)
    response = call(
        "POST", f"{ROOT}/{template_id}/instantiate", {"namespace_name": "from-it"}
    )
    assert response.status_code == 201


@pytest.mark.parametrize("size", [3, 50])
def test_names_of_the_least_and_most_length(call: Caller, size: int) -> None:
    template_id = kept(call)["template_id"]
    path = f"{ROOT}/{template_id}/instantiate"
    assert call("POST", path, {"namespace_name": "n" * size}).status_code == 201


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({"namespace_name": "nn"}, "namespace_name"),
        ({"namespace_name": "n" * 51}, "namespace_name"),
        ({"namespace_name": "with space"}, "namespace_name"),
        ({"namespace_name": "fine", "description": "d" * 501}, "description"),
        ({"namespace_name": "fine", "other": 1}, "other"),
        ({}, "namespace_name"),
    ],
)
def test_an_instantiation_that_is_not_accepted(
    call: Caller, body: Any, at: str
) -> None:
    path = f"{ROOT}/{kept(call)['template_id']}/instantiate"
    assert locations_of(call("POST", path, body)) == [at]


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({"template_name": ""}, "template_name"),
        ({"template_name": "t" * 101}, "template_name"),
        ({"description": "d" * 1001}, "description"),
        ({"category": "c" * 51}, "category"),
        ({"scope": "public"}, "scope"),
        ({"is_public": True}, "is_public"),
        ({"tags": ["t" * 51]}, "tags.0"),
        ({"tags": ["t"] * 21}, "tags"),
        ({"other": 1}, "other"),
    ],
)
def test_a_template_that_is_not_accepted(call: Caller, body: Any, at: str) -> None:
    path = f"{ROOT}/from-namespace/{call.cast.own.namespace_id}"
    response = call("POST", path, {"template_name": "fine", **body})
    assert locations_of(response) == [at]
    assert not NamespaceTemplate.objects.exists()


def test_the_bounds_of_a_template_are_inside(call: Caller) -> None:
    body = {
        "template_name": "t" * 100,
        "description": "d" * 1000,
        "category": "c" * 50,
        "tags": ["t" * 50] * 20,
        "is_public": False,
    }
    found = read(call, kept(call, body)["template_id"])
    assert (found["name"], found["description"]) == ("t" * 100, "d" * 1000)
    assert (found["category"], found["tags"]) == ("c" * 50, ["t" * 50] * 20)


def test_a_taken_name_is_a_conflict(call: Caller) -> None:
    path = f"{ROOT}/{kept(call)['template_id']}/instantiate"
    make_namespace(call.cast.northlight, "taken", in_qdrant=False)
    response = call("POST", path, {"namespace_name": "Taken"})
    assert error_of(response)["code"] == "namespace_name_taken"


def test_one_that_is_not_active_makes_nothing(call: Caller) -> None:
    template_id = kept(call)["template_id"]
    NamespaceTemplate.objects.update(is_active=False)
    response = call(
        "POST", f"{ROOT}/{template_id}/instantiate", {"namespace_name": "from-it"}
    )
    assert error_of(response)["code"] == "template_inactive"
    assert json.loads(call("GET", ROOT).content) == []
    inactive = json.loads(call("GET", f"{ROOT}?is_active=false").content)
    assert [t["template_id"] for t in inactive] == [template_id]


def test_the_list_is_filtered(call: Caller) -> None:
    kept(call, {"template_name": "b", "category": "video"})
    kept(call, {"template_name": "a", "scope": "user"})

    def names(query: str) -> list[str]:
        return [t["name"] for t in json.loads(call("GET", ROOT + query).content)]

    assert names("") == ["a", "b"]
    assert names("?category=video") == ["b"]
    assert names("?scope=user") == ["a"]
    assert names("?scope=system") == []
    assert locations_of(call("GET", ROOT + "?scope=public")) == ["query.scope"]


# Who may -----------------------------------------------------------------------------


def test_a_foreign_template_is_not_there(call: Caller) -> None:
    template_id = kept(call)["template_id"]
    nowhere = "tmpl_nowhere"
    for method, tail, body in (
        ("GET", "", None),
        ("POST", "/instantiate", {"namespace_name": "from-it"}),
    ):
        answers = [
            call(method, f"{ROOT}/{wanted}{tail}", body, role="stranger").content
            for wanted in (template_id, nowhere)
        ]
        texts = [json.loads(a)["error"] | {"details": {}} for a in answers]
        assert texts[0] == texts[1]
        assert texts[0]["code"] == "not_found"
    assert json.loads(call("GET", ROOT, role="stranger").content) == []


def test_ones_own_is_seen_by_oneself(call: Caller) -> None:
    template_id = kept(call, {"scope": "user"}, role="member")["template_id"]
    assert call("GET", f"{ROOT}/{template_id}", role="member").status_code == 200
    assert call("GET", f"{ROOT}/{template_id}").status_code == 404


def test_the_platforms_are_seen_by_all(call: Caller) -> None:
    source = call.cast.system.namespace_id
    path = f"{ROOT}/from-namespace/{source}"
    body = {"template_name": "sample", "scope": "system"}
    assert call("POST", path, body).status_code == 403
    template_id = kept(call, body, source, role="platform_admin")["template_id"]
    found = read(call, template_id, role="stranger")
    assert (found["internal_id"], found["created_by"]) == ("system", "system")


def test_a_foreign_namespace_cannot_be_kept(call: Caller) -> None:
    path = f"{ROOT}/from-namespace/{call.cast.foreign.namespace_id}"
    assert call("POST", path, {"template_name": "theirs"}).status_code == 404
    assert not NamespaceTemplate.objects.exists()


def test_it_is_audited(call: Caller) -> None:
    kept(call)
    event = AuditEvent.objects.get(action="template:create")
    assert event.outcome == "done"
    assert event.namespace_id == call.cast.own.namespace_id


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({"template_name": "\u0958" * 51}, "template_name"),
        ({"category": "\u0958" * 26}, "category"),
        ({"description": "\u0958" * 501}, "description"),
        ({"tags": ["fine", "\u0958" * 26]}, "tags.1"),
        ({"tags": [" "]}, "tags.0"),
        ({"tags": ["two\nlines"]}, "tags.0"),
    ],
)
def test_texts_are_measured_as_they_are_kept(
    call: Caller, body: dict[str, Any], at: str
) -> None:
    """U+0958 is two characters once it is in its normal form."""
    path = f"{ROOT}/from-namespace/{call.cast.own.namespace_id}"
    response = call("POST", path, {"template_name": "a template", **body})
    assert locations_of(response) == [at]
    assert not NamespaceTemplate.objects.exists()


def test_texts_are_kept_trimmed(call: Caller) -> None:
    made = kept(call, {"template_name": " x ", "category": " y ", "tags": [" z "]})
    found = read(call, made["template_id"])
    assert (found["name"], found["category"], found["tags"]) == ("x", "y", ["z"])
