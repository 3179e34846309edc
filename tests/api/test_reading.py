"""Strict JSON: what no store could keep, or two programs could read in two ways."""

import json
import time
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import RequestFactory
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from nsadmin.api.http import parsing, strict_json
from nsadmin.errors import (
    BadRequest,
    Invalid,
    LengthRequired,
    NsadminError,
    TooLarge,
    WrongMedia,
)

JSON = "application/json"


def request_with(raw: bytes, media: str = JSON, **extra: Any) -> HttpRequest:
    return RequestFactory().generic("PATCH", "/v1/x", raw, content_type=media, **extra)


def refusal(raw: bytes) -> NsadminError:
    with pytest.raises(BadRequest) as caught:
        parsing.body(request_with(raw))
    return caught.value


def test_an_object_is_read() -> None:
    raw = '{"a": [1, -2.5, true, null, "é 😀 \\ud83d\\ude00 \\n"]}'.encode()
    assert parsing.body(request_with(raw)) == {"a": [1, -2.5, True, None, "é 😀 😀 \n"]}


@pytest.mark.parametrize(
    "media",
    [JSON, "application/json; charset=utf-8", 'Application/JSON; charset="UTF-8"'],
)
def test_the_media_type_may_be_written_in_any_way(media: str) -> None:
    assert parsing.body(request_with(b"{}", media)) == {}


@pytest.mark.parametrize(
    "media",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/jsonp",
        "application/json; charset=latin-1",
        "text/json",
    ],
)
def test_another_media_type_is_refused(media: str) -> None:
    with pytest.raises(WrongMedia):
        parsing.body(request_with(b"{}", media))


def test_a_compressed_body_is_refused() -> None:
    with pytest.raises(WrongMedia):
        parsing.body(request_with(b"{}", HTTP_CONTENT_ENCODING="gzip"))


def test_nothing_is_an_object_only_where_it_may_be() -> None:
    assert parsing.body(request_with(b"", ""), optional=True) == {}
    with pytest.raises(BadRequest):
        parsing.body(request_with(b" ", ""))


@pytest.mark.parametrize("raw", [b"[]", b'"a"', b"1", b"null", b"true"])
def test_anything_but_an_object_is_not_acceptable(raw: bytes) -> None:
    with pytest.raises(Invalid):
        parsing.body(request_with(raw))


def test_a_body_of_the_limit_is_read_and_one_byte_more_is_not() -> None:
    filler = parsing.LARGEST - len('{"a":""}')
    right = b'{"a":"' + b"x" * filler + b'"}'
    assert len(parsing.body(request_with(right))["a"]) == filler
    with pytest.raises(TooLarge):
        parsing.body(request_with(right + b" "))


def test_an_announced_size_is_enough_to_refuse() -> None:
    request = request_with(b"{}", CONTENT_LENGTH="2000000")
    with pytest.raises(TooLarge):
        parsing.body(request)


def test_a_lie_about_the_size_does_not_help() -> None:
    request = request_with(b"{}")
    request._body = b'"' + b"x" * parsing.LARGEST + b'"'
    with pytest.raises(TooLarge):
        parsing.body(request)


def test_a_fault_of_syntax_has_a_place() -> None:
    fault = refusal(b'{\n  "a": 1,\n  "b": }')
    assert fault.details == {"line": 3, "column": 8, "position": 19}
    assert "line 3, column 8" in fault.message


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"{", "not_json"),
        (b"{} {}", "not_json"),
        (b"{'a': 1}", "not_json"),
        (b'{"a": 01}', "not_json"),
        (b'{"a": "\t"}', "not_json"),
        (b'{"a": "\x00"}', "not_json"),
        (b"\xef\xbb\xbf{}", "not_json"),
        (b'{"a": NaN}', "not_json"),
        (b'{"a": Infinity}', "not_json"),
        (b'{"a": -Infinity}', "not_json"),
        (b'{"a": "\xff"}', "not_utf8"),
        ('{"a": 1}'.encode("utf-16"), "not_utf8"),
        (b'{"a": "\xed\xa0\x80"}', "not_utf8"),
        (b'{"a": 1, "a": 1}', "duplicate_key"),
        (b'{"b": [{"a": 1, "\\u0061": 2}]}', "duplicate_key"),
        (b'{"a": "\\u0000"}', "nul_character"),
        (b'{"\\u0000": 1}', "nul_character"),
        (b'{"a": "\\ud800"}', "lone_surrogate"),
        (b'{"a": ["\\udc00\\ud800"]}', "lone_surrogate"),
        (b'{"\\ud800": 1}', "lone_surrogate"),
        (b'{"a": 9223372036854775808}', "number_too_large"),
        (b'{"a": -9223372036854775809}', "number_too_large"),
        (b'{"a": ' + b"9" * 80 + b"}", "number_too_large"),
        (b'{"a": ' + b"9" * 100_000 + b"}", "number_too_large"),
        (b'{"a": 1e999}', "number_too_large"),
        (b'{"a": -1e999}', "number_too_large"),
    ],
)
def test_what_cannot_be_kept_is_refused(raw: bytes, code: str) -> None:
    fault = refusal(raw)
    assert fault.code == code
    json.dumps(fault.details)
    (fault.message + str(fault.details)).encode()


def test_the_largest_and_the_smallest_number_are_read() -> None:
    raw = b'{"a": 9223372036854775807, "b": -9223372036854775808, "c": 1.5e308}'
    assert parsing.body(request_with(raw)) == {
        "a": 2**63 - 1,
        "b": -(2**63),
        "c": 1.5e308,
    }


def test_a_fault_of_a_text_has_a_path() -> None:
    fault = refusal(b'{"payload_indexes": [{}, {"field_name": "a\\u0000"}]}')
    assert fault.details["path"] == "payload_indexes.1.field_name"


def test_nesting_ends_at_32() -> None:
    def nested(depth: int) -> bytes:
        return b'{"a":' * depth + b"1" + b"}" * depth

    parsing.body(request_with(nested(32)))
    assert refusal(nested(33)).code == "too_deep"


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":['])
@pytest.mark.parametrize("depth", [2_000, 100_000])
def test_no_depth_exhausts_the_parser(opening: bytes, depth: int) -> None:
    assert refusal(opening * depth).code == "too_deep"


def test_brackets_within_texts_do_not_count() -> None:
    text = "[{" * 50 + '\\"' + "]" * 3
    raw = json.dumps({"a": text, text: ["}"] * 50}).encode()
    assert parsing.body(request_with(raw)) == {"a": text, text: ["}"] * 50}


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a": "' + b'\\"' * 500_000,
        b'{"a": "' + b"\\\\" * 500_000,
        b'{"a": ' + b'""' * 500_000,
        b'{"a": 0.' + b"9" * 1_000_000 + b"}",
        b'{"a": [' + b"{}," * 340_000 + b"{}]}",
        b'{"a": ["' + b"\\u00e9" * 170_000 + b'"]}',
    ],
    ids=["quotes", "backslashes", "texts", "digits", "objects", "escapes"],
)
def test_a_hostile_megabyte_is_judged_quickly(raw: bytes) -> None:
    began = time.process_time()
    try:
        parsing.body(request_with(raw))
    except BadRequest as fault:
        assert fault.code == "not_json"  # noqa: PT017 - either answer is right
    assert time.process_time() - began < 3


_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
            inner,
        )
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.text("abc"), _values))
@settings(max_examples=40, deadline=None)
def test_what_can_be_kept_is_read_as_it_is(value: dict[str, object]) -> None:
    assert strict_json.loads(json.dumps(value).encode()) == value
    assert strict_json.loads(json.dumps(value, ensure_ascii=False).encode()) == value


@given(
    st.binary(max_size=200)
    | st.text('[]{}",:\\u0d8 1e-NaI', max_size=60).map(str.encode)
)
@settings(max_examples=300, deadline=None)
def test_no_bytes_end_in_another_error(raw: bytes) -> None:
    try:
        parsing.body(request_with(raw))
    except NsadminError as fault:
        assert fault.status in (400, 422)  # noqa: PT017 - most bytes are refused


class Wanted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    number: int = 1
    flag: bool = False


@pytest.mark.parametrize(
    "query", ["number=x", "dryrun=true", "number=1&number=2", "flag=%00", "flag=maybe"]
)
def test_a_wrong_query_is_not_acceptable(query: str) -> None:
    with pytest.raises(Invalid) as caught:
        parsing.query(RequestFactory().get(f"/v1/x?{query}"), Wanted)
    key = query.partition("=")[0]
    assert list(caught.value.errors) == [f"query.{key}"]


def test_a_query_is_read() -> None:
    request = RequestFactory().get("/v1/x?number=7&flag=true")
    assert parsing.query(request, Wanted) == Wanted(number=7, flag=True)


def test_a_body_in_chunks_is_told_apart_from_none():
    request = RequestFactory().patch("/v1/namespaces/ns_a")
    request.META.pop("CONTENT_LENGTH", None)
    request.META["HTTP_TRANSFER_ENCODING"] = "chunked"
    with pytest.raises(LengthRequired):
        parsing.body(request)
    with pytest.raises(LengthRequired):
        parsing.body(request, optional=True)
