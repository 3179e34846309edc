"""Each way in which MongoDB fails is one of our errors, on pages and in the API."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from nsadmin.errors import Conflict, NsadminError, Unavailable, UpstreamError
from nsadmin.stores.mongo import connection, resource_reads, resources
from nsadmin.stores.mongo import namespaces as store
from tests.cast import Cast
from tests.stores.namespace_store.refusing import (
    Answer,
    Refusing,
    failed,
    write_failed,
)

UNCONFIRMED = {
    "ok": 1.0,
    "n": 1,
    "nModified": 1,
    "writeConcernError": {"code": 64, "errmsg": "waiting for replication timed out"},
}
# What every command may be answered, and our error with its message.
REFUSALS: dict[str, tuple[Answer, type[NsadminError], str]] = {
    "bad password": (failed(18, "AuthenticationFailed"), Unavailable, "credentials"),
    "no right": (failed(13, "Unauthorized"), Unavailable, "credentials"),
    "Atlas": (failed(8000, "AtlasError"), Unavailable, "credentials"),
    "not primary": (failed(10107, "NotWritablePrimary"), Unavailable, "answer"),
    "stepped down": (failed(189, "PrimarySteppedDown"), Unavailable, "answer"),
    "shutdown": (failed(91, "ShutdownInProgress"), Unavailable, "answer"),
    "time limit": (failed(50, "MaxTimeMSExpired"), Unavailable, "answer"),
    "lock": (failed(24, "LockTimeout"), Unavailable, "now"),
    "interrupted": (failed(11601, "Interrupted"), Unavailable, "now"),
    "full": (failed(14031, "OutOfDiskSpace"), Unavailable, "disk"),
    "unknown command": (failed(59, "CommandNotFound"), UpstreamError, "refused"),
    "bad value": (failed(2, "BadValue"), UpstreamError, "refused"),
    "unknown code": (failed(999_999, "Other"), UpstreamError, "refused"),
    "no code": ({"ok": 0.0, "errmsg": "at 10.1.2.3"}, UpstreamError, "refused"),
}
REFUSED_WRITES: dict[str, tuple[Answer, type[NsadminError], str]] = {
    "too large": (write_failed(10334, "BSONObjectTooLarge"), Conflict, "size"),
    "too large after": (write_failed(17419, "Resulting"), Conflict, "size"),
    "validation": (write_failed(121, "failed validation"), Conflict, "refuses it"),
    "no right": (write_failed(13, "not authorized"), Unavailable, "credentials"),
    "conflict": (write_failed(112, "WriteConflict"), Unavailable, "now"),
    "unconfirmed": (UNCONFIRMED, Unavailable, "may have been written"),
}
DOCUMENT: dict[str, Any] = {"_id": "ns_refused", "revision": 1, "internal_id": "i"}
FREE = {"name_key": None, "collection_key": None}
PAGES = (
    *("", "settings/", "indexes/", "extractors/", "documents/", "resources/"),
    *("infrastructure/", "drift/", "config/", "plans/", "audit/", "clone/", "expiry/"),
)


def require_ours(caught: NsadminError, kind: type[NsadminError], message: str) -> None:
    """Hold an error to its class and words; the server's own words are not told."""
    assert type(caught) is kind
    assert message in caught.message
    told = json.dumps([caught.message, caught.details])
    assert "10.1.2.3" not in told
    if kind is not Conflict:
        assert caught.details["store"] == "namespace store"


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_is_an_error_of_ours(refusing: Refusing, name: str) -> None:
    answer, kind, message = REFUSALS[name]
    calls: dict[str, Callable[[], object]] = {
        "find": lambda: store.get("ns_refused"),
        "aggregate": lambda: store.count_of_tenant("i"),
        "insert": lambda: store.insert(dict(DOCUMENT)),
        "update": lambda: store.replace(DOCUMENT, {**DOCUMENT, "revision": 2}),
        "delete": lambda: store.delete("ns_refused", revision=1),
    }
    store.get("ns_refused")
    for command, call in calls.items():
        failing = pytest.raises(NsadminError)
        with refusing.refusing(answer, command), failing as caught:
            call()
        require_ours(caught.value, kind, message)
        assert set(refusing.refused) >= {command}
    assert store.get("ns_refused") is None


@pytest.mark.parametrize("name", REFUSED_WRITES)
def test_a_refused_write_is_an_error_of_ours(refusing: Refusing, name: str) -> None:
    answer, kind, message = REFUSED_WRITES[name]
    calls: dict[str, Callable[[], object]] = {
        "insert": lambda: store.insert(dict(DOCUMENT)),
        "update": lambda: resources.put("buckets", [{"_id": "b", "namespace_id": "n"}]),
    }
    for command, call in calls.items():
        failing = pytest.raises(NsadminError)
        with refusing.refusing(answer, command), failing as caught:
            call()
        require_ours(caught.value, kind, message)


@pytest.mark.parametrize(
    ("index", "pattern", "code"),
    [
        ("_id_", {"_id": 1}, "namespace_id_taken"),
        ("collection_key_1", {"collection_key": 1}, "collection_taken"),
        (
            "internal_id_1_name_key_1",
            {"internal_id": 1, "name_key": 1},
            "namespace_name_taken",
        ),
        ("slug_1", {"slug": 1}, "duplicate_value"),
        ("bucket_id_1", {"bucket_id": 1}, "duplicate_value"),
    ],
)
def test_a_duplicate_is_told_by_its_index(
    refusing: Refusing, index: str, pattern: dict[str, int], code: str
) -> None:
    # The value is a text of a person and must not be taken for the index.
    message = (
        f"E11000 duplicate key error collection: db.namespaces index: {index} "
        'dup key: { name_key: "index: collection_key_1" }'
    )
    for more in ({"keyPattern": pattern}, {}):
        refused = write_failed(11000, message, **more)
        with refusing.refusing(refused, "insert"), pytest.raises(Conflict) as caught:
            store.insert(dict(DOCUMENT))
        assert caught.value.code == code


def test_the_store_itself_tells_which_value_is_taken(stores: Any) -> None:
    own = {**DOCUMENT, "name_key": "films", "collection_key": "shared:films"}
    store.insert(own)
    for change, code in (
        ({"_id": "ns_refused", **FREE}, "namespace_id_taken"),
        ({"collection_key": None}, "namespace_name_taken"),
        ({"name_key": None}, "collection_taken"),
    ):
        with pytest.raises(Conflict) as caught:
            store.insert({**own, "_id": "ns_other", **change})
        assert caught.value.code == code


def test_a_document_over_16_mb_is_not_written(stores: Any) -> None:
    with pytest.raises(Conflict, match="of its size"):
        store.insert({**DOCUMENT, "text": "x" * 17_000_000})
    assert store.get("ns_refused") is None


def test_a_password_that_is_refused_at_the_connection(
    refusing: Refusing, settings: Any
) -> None:
    address = settings.NSADMIN_MONGODB_URL
    settings.NSADMIN_MONGODB_URL = (
        address.replace("://", "://user:wrong@") + "?authSource=admin"
    )
    refused = refusing.refusing(failed(18, "AuthenticationFailed"), "saslStart")
    with refused, pytest.raises(Unavailable, match="credentials"):
        connection.ping()


def test_an_address_that_cannot_be_used(settings: Any) -> None:
    settings.NSADMIN_MONGODB_URL = "mongodb://127.0.0.1:9/none?tls=true&tlsInsecure=true&tlsAllowInvalidHostnames=true"
    with pytest.raises(Unavailable, match="configured address"):
        store.get("ns_refused")


def test_resources_are_refused_as_well(refusing: Refusing) -> None:
    refused = refusing.refusing(failed(2, "BadValue"))
    with refused, pytest.raises(UpstreamError, match="refused"):
        resource_reads.page("buckets", "ns_refused", limit=1)


@pytest.mark.parametrize(
    "name",
    [
        "bad password",
        # The driver asks again until its time is over, page after page.
        pytest.param("not primary", marks=pytest.mark.faults),
        "bad value",
    ],
)
def test_no_page_and_no_call_of_the_api_is_a_500(
    cast: Cast, refusing: Refusing, subtests: pytest.Subtests, name: str
) -> None:
    answer, kind, message = REFUSALS[name]
    client = cast.browser()
    client.raise_request_exception = True
    program = Client(headers=cast.bearer())
    api, own = "/v1/namespaces", f"/namespaces/{cast.own.namespace_id}/"
    assert client.get(own).status_code == 200
    seen = []
    with refusing.refusing(answer):
        for page in ("/namespaces/", *(own + page for page in PAGES)):
            with subtests.test(page):
                status = client.get(page).status_code
                assert status in (200, 302, kind.status)
                seen.append(status)
        for method, path, body in (
            ("GET", api, None),
            ("GET", f"{api}/{cast.own.namespace_id}", None),
            ("PATCH", f"{api}/{cast.own.namespace_id}", {"description": "new"}),
            ("POST", api, {"namespace_name": "a new one"}),
            ("DELETE", f"{api}/{cast.own.namespace_id}", None),
            ("GET", f"{api}/{cast.own.namespace_id}/stats", None),
        ):
            with subtests.test(f"{method} {path}"):
                response = program.generic(
                    method, path, json.dumps(body) if body else "", "application/json"
                )
                assert response.status_code in (200, kind.status), response.content
                if response.status_code == kind.status:
                    assert message in json.loads(response.content)["error"]["message"]
                    seen.append(response.status_code)
    assert kind.status in seen
    assert refusing.refused
