"""Every kind of bad input to a change: a clear sentence at its place, nothing written."""

import copy
import json
from typing import Any

import pytest

from nsadmin.access.keys.keys import revoke_key
from nsadmin.access.models import ApiKey
from nsadmin.audit.models import AuditEvent
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from tests.api.conftest import Caller, error_of
from tests.cast import make_namespace

JSON = "application/json"
FACE = {"feature_extractor_name": "face_identity_extractor", "version": "v1"}
TEXT = {"feature_extractor_name": "text_extractor", "version": "v1"}


def indexed(*names: str, **more: Any) -> dict[str, Any]:
    return {
        "payload_indexes": [{"field_name": n, "type": "keyword", **more} for n in names]
    }


def text(**schema: Any) -> dict[str, Any]:
    field_schema = {"type": "text", **schema}
    return {"payload_indexes": [{"field_name": "title", "field_schema": field_schema}]}


def named(name: str) -> dict[str, Any]:
    return {"namespace_name": name}


AT_FIELD = "payload_indexes.0.field_name"
# What is sent, the status, and where a 422 finds the fault or the code of another.
MEANING: list[tuple[str, dict[str, Any], int, str]] = [
    ("a name too short", named("ab"), 422, "namespace_name"),
    ("a name too long", named("x" * 65), 422, "namespace_name"),
    ("a name taken", named("rushes"), 409, "namespace_name_taken"),
    *(
        (f"a name with {char!r}", named(f"film{char}archive"), 422, "namespace_name")
        for char in "/\\?#%\t\n\r\x01\x7f\x85\u00ad\u061c\u200b\u200e\u202e\u2028\u2060\u2066\ufeff\ue000"
    ),
    ("an unknown key", {"colour": "blue"}, 422, "colour"),
    ("an unknown key deep inside", indexed("a", colour=1), 422, "payload_indexes.0.colour"),
    (
        "an unknown extractor",
        {"feature_extractors": [{**TEXT, "feature_extractor_name": "dreams"}]},
        422,
        "feature_extractors.0",
    ),
    (
        "an unknown version",
        {"feature_extractors": [{**TEXT, "version": "v9"}]},
        422,
        "feature_extractors.0",
    ),
    (
        "a known extractor with other params",
        {"feature_extractors": [{**FACE, "params": {"output_dimension": 7}}]},
        422,
        "feature_extractors.0.params",
    ),
    ("an index on a protected field", indexed("internal_id"), 422, AT_FIELD),
    ("one field twice", indexed("a", "b", "a"), 422, "payload_indexes.2.field_name"),
    *(
        (f"the path {path!r}", indexed(path), 422, AT_FIELD)
        for path in (
            "", "*", "a:b", "a..b", ".a", "a.", ".", "..", "[]", "a.[]", "a[]b", "a[0]",
            "a[", "a]", "a b", " a", "a/b", "../a", "a$b", "$a", "a@b", '"a"', "a'b",
            "a\x00b".replace("\x00", "\x01"), "a\u200bb", "e\u0301", "🎬", "x" * 256,
        )
    ),
    (
        "types that disagree",
        indexed("a", field_schema={"type": "text"}),
        422,
        "payload_indexes.0.type",
    ),
    ("an index without a type", {"payload_indexes": [{"field_name": "a"}]}, 422, "payload_indexes.0.type"),
    (
        "min above max",
        text(min_token_len=9, max_token_len=3),
        422,
        "payload_indexes.0.field_schema.min_token_len",
    ),
    ("101 indexes", indexed(*(f"f{n}" for n in range(101))), 422, "payload_indexes"),
    ("5,000 indexes", indexed(*(f"f{n}" for n in range(5000))), 422, "payload_indexes"),
    ("a list", [], 422, ""),  # type: ignore[list-item]
]  # fmt: skip

UNREADABLE: list[tuple[str, bytes, str, int, str]] = [
    ("2 MB", b'{"description":"' + b"x" * 2_000_000 + b'"}', JSON, 413, "body_too_large"),
    ("nesting 2,000", b'{"a":' * 2000 + b"1" + b"}" * 2000, JSON, 400, "too_deep"),
    ("lists 2,000 deep", b"[" * 2000 + b"]" * 2000, JSON, 400, "too_deep"),
    ("NaN", b'{"description": NaN}', JSON, 400, "not_json"),
    ("Infinity", b'{"description": -Infinity}', JSON, 400, "not_json"),
    ("1e999", b'{"description": 1e999}', JSON, 400, "number_too_large"),
    ("NUL", b'{"description": "a\\u0000b"}', JSON, 400, "nul_character"),
    ("NUL in a key", b'{"a\\u0000b": 1}', JSON, 400, "nul_character"),
    ("raw NUL", b'{"description": "a\x00b"}', JSON, 400, "not_json"),
    ("half a pair", b'{"description": "\\ud83c"}', JSON, 400, "lone_surrogate"),
    ("a key twice", b'{"description": "a", "description": "b"}', JSON, 400, "duplicate_key"),
    ("80 digits", b'{"description": ' + b"7" * 80 + b"}", JSON, 400, "number_too_large"),
    ("not JSON", b"description: x", JSON, 400, "not_json"),
    ("cut off", b'{"description": "x', JSON, 400, "not_json"),
    ("not UTF-8", b'{"description": "\xff"}', JSON, 400, "not_utf8"),
    ("nothing", b"", JSON, 400, "unreadable"),
    ("a form", b"description=x", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
    ("plain text", b'{"description": "x"}', "text/plain", 415, "unsupported_media_type"),
    ("latin-1", b'{"description": "x"}', "application/json; charset=latin-1", 415, "unsupported_media_type"),
]  # fmt: skip


@pytest.fixture
def untouched(call: Caller):
    """Hold MongoDB, Qdrant and the audit to what they were."""
    make_namespace(call.cast.northlight, "rushes", in_qdrant=False)
    own = call.cast.own

    def state() -> Any:
        live = collections.get(shared(), own.collection)
        return store.get(own.namespace_id), live, AuditEvent.objects.count()

    before = state()
    yield f"/namespaces/{own.namespace_id}"
    assert state() == before


def require_refused(response: Any, status: int, where: str) -> None:
    """The status, the shape, a sentence, and the place or the code."""
    assert response.status_code == status, response.content
    error = error_of(response)
    assert error["message"].strip()
    if status == 422:
        faults = error["details"]["validation_errors"]
        assert where in [fault["location"] for fault in faults]
        assert all(fault["message"].strip() for fault in faults)
    else:
        assert error["code"] == where


@pytest.mark.parametrize("query", ["", "?dry_run=true"])
def test_what_is_read_but_not_acceptable(call, untouched, subtests, query) -> None:
    for what, body, status, where in MEANING:
        with subtests.test(what):
            response = call("PATCH", untouched + query, body)
            require_refused(response, status, where)


def test_what_cannot_be_read(call, untouched, subtests) -> None:
    for what, raw, media, status, code in UNREADABLE:
        for method in ("PATCH", "PUT"):
            with subtests.test(what, method=method):
                response = call(method, untouched, raw=raw, media=media)
                require_refused(response, status, code)


def test_who_may_not(call, untouched, subtests) -> None:
    body = {"description": "x"}
    key = call.cast.keys["member"]
    revoke_key(ApiKey.objects.get(name="member key"))
    for what, value in {
        "absent": None,
        "wrong": f"Bearer {key[:-4]}AAAA",
        "revoked": f"Bearer {key}",
        "not a bearer": f"Basic {key}",
        "no key at all": "Bearer ",
    }.items():
        with subtests.test(what):
            headers = {} if value is None else {"authorization": value}
            response = call("PATCH", untouched, body, role=None, **headers)
            assert response.status_code == 401
            error_of(response)
    for role, status in {"viewer": 403, "support": 403, "stranger": 404}.items():
        with subtests.test(role):
            response = call("PATCH", untouched, body, role=role)
            assert response.status_code == status
            error_of(response)


def test_while_a_store_is_away(call, untouched, settings) -> None:
    address = settings.NSADMIN_QDRANT_URL
    settings.NSADMIN_QDRANT_URL = "http://127.0.0.1:9"
    response = call("PATCH", untouched, indexed("rank"))
    settings.NSADMIN_QDRANT_URL = address
    require_refused(response, 503, "store_unavailable")
    assert json.loads(response.content)["error"]["details"]["store"] == "qdrant"
    address = settings.NSADMIN_MONGODB_URL
    settings.NSADMIN_MONGODB_URL = "mongodb://127.0.0.1:9/none"
    response = call("PATCH", untouched, {"description": "x"})
    page = call("GET", untouched)
    settings.NSADMIN_MONGODB_URL = address
    require_refused(response, 503, "store_unavailable")
    assert (page.status_code, "Age" in page.headers) == (200, True)


def test_qdrant_takes_every_path_that_is_accepted(call) -> None:
    """The rule for paths is held against the engine's own reading of them."""
    own = call.cast.own
    paths = [
        "title",
        "a.b",
        "a[].b",
        "a[].b[]",
        "a_b-c",
        "ключ",
        "名前.имя",
        "0a",
        "é",
        "-",
    ]
    response = call("PATCH", f"/namespaces/{own.namespace_id}", indexed(*paths))
    assert response.status_code == 200, response.content
    live = collections.get(shared(), own.collection)
    assert set(paths) <= set(live.indexes)
    assert json.loads(response.content)["observed_revision"] == 2


def test_an_index_that_another_writer_named_oddly_can_stay_and_go(call) -> None:
    odd = '"a b".c'
    schema = {"type": "keyword", "is_tenant": False}
    own = make_namespace(call.cast.northlight, "odd", indexes={odd: schema})
    path = f"/namespaces/{own.namespace_id}"
    body = {"payload_indexes": [{"field_name": odd, "type": "keyword"}]}
    kept = call("PATCH", path, copy.deepcopy(body))
    assert (kept.status_code, json.loads(kept.content)["revision"]) == (200, 1)
    gone = json.loads(call("PATCH", path, {"payload_indexes": []}).content)
    assert gone["revision"] == gone["observed_revision"] == 2
    assert odd not in collections.get(shared(), own.collection).indexes
