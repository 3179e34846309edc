"""Every odd document is read, and what cannot be read is named."""

import json
import math
from datetime import UTC, datetime
from typing import Any

import bson
import pytest
from bson.datetime_ms import DatetimeMS
from bson.raw_bson import RawBSONDocument

from nsadmin.errors import Conflict
from nsadmin.namespaces.mirror import document_copy
from nsadmin.namespaces.plan.readable import (
    require_id,
    require_placement,
    require_readable,
)
from nsadmin.namespaces.schema import document
from nsadmin.stores.mongo import decoding
from tests.hostile.odd_documents import (
    BEYOND_JSON,
    LISTED,
    NO_ADDRESS,
    PLACES,
    UNOWNED,
    Odd,
    nested,
)

EVERY = [*LISTED, *UNOWNED, *BEYOND_JSON]


@pytest.mark.parametrize("odd", EVERY, ids=lambda odd: odd.name)
def test_its_faults_are_named_and_nothing_raises(odd: Odd) -> None:
    raw = odd.document("int_1")
    namespace = document.read(raw)
    assert namespace.faults == odd.faults
    assert namespace.raw is raw
    assert 0 <= namespace.revision < 2**31
    assert len(namespace.name) <= 128
    assert len(namespace.internal_id) <= 64


@pytest.mark.parametrize("odd", EVERY, ids=lambda odd: odd.name)
def test_its_copy_is_json_and_reads_the_same(odd: Odd) -> None:
    copy = document_copy.redact_secrets(odd.document("int_1"))
    text = json.dumps(copy, allow_nan=False)
    assert "canary" not in text
    assert "\\u0000" not in text
    assert "\\udc" not in text
    assert len(text) < 2_000_000
    read = document.read(document_copy.restore_document(json.loads(text)))
    assert read.namespace_id


@pytest.mark.parametrize("odd", EVERY, ids=lambda odd: odd.name)
def test_its_copy_as_text_is_the_same(odd: Odd) -> None:
    raw = odd.document("int_1")
    text = document_copy.redacted_json(raw)
    assert json.loads(text) == json.loads(json.dumps(document_copy.redact_secrets(raw)))


@pytest.mark.parametrize(
    "more",
    [
        {"infrastructure": {"qdrant_api_key": "canary", "more": [1, {"a": 2.5}]}},
        {"infrastructure": {"qdrant_api_key_sealed": {"key": "canary"}}},
        {"changes": [{"before": {"qdrant_api_key": "canary"}}], "pending": [{"a": 1}]},
        {"text": 'a "qdrant_api_key": in a text', "number": 1e300, "none": math.nan},
        {"k" * 300: 1, "long": "x" * 30_000, "nul": "a\0b", "half": "\udc80"},
        {"deep": nested(25), "many": list(range(2000)), "big": 2**63},
        {"at": datetime(2026, 1, 2, tzinfo=UTC), "id": bson.ObjectId(), "b": b"x"},
    ],
)
def test_a_copy_made_at_once_has_no_secrets_and_is_the_same(
    more: dict[str, Any],
) -> None:
    raw = Odd("more", more).document("int_1")
    text = document_copy.redacted_json(raw)
    assert "canary" not in text
    assert json.loads(text) == json.loads(json.dumps(document_copy.redact_secrets(raw)))


@pytest.mark.parametrize("text", ["nan", "-inf", "1e999", "much", ""])
def test_an_object_like_a_copied_float_is_left_as_it_is(text: str) -> None:
    raw = {"more": {"$numberDouble": text}}
    assert document_copy.restore_document(raw) == raw


def test_more_faults_than_twenty_are_counted() -> None:
    raw = Odd("many", {"payload_indexes": [None] * 50}).document("int_1")
    faults = document.read(raw).faults
    assert len(faults) == 21
    assert faults[-1] == "document has 30 more faults of this kind"


def test_depth_and_size_have_an_end() -> None:
    raw = Odd("deep", {"a": nested(500), "b": ["x" * 50] * 100_000}).document("int_1")
    assert document.read(raw).faults == ()
    assert len(json.dumps(document_copy.redact_secrets(raw))) < 2_000_000


# Documents whose bytes are odd ---------------------------------------------------------


def decoded(raw: dict[str, Any], old: bytes = b"", new: bytes = b"") -> dict[str, Any]:
    data = bson.encode(raw).replace(old, new) if old else bson.encode(raw)
    return decoding.decoded(RawBSONDocument(data))


def test_bytes_that_are_not_utf_8_are_named() -> None:
    raw = Odd("bytes", {"description": "MARK"}).document("int_1")
    namespace = document.read(decoded(raw, b"MARK", b"\xff\xfe\xff\xfe"))
    assert namespace.faults == (
        "description has bytes that are not UTF-8, expected text",
    )


def test_a_date_beyond_the_year_9999_is_named_and_kept() -> None:
    raw = Odd("late", {"expires_at": DatetimeMS(10**15)}).document("int_1")
    back = decoded(raw)
    assert document.read(back).faults == (
        "expires_at is a date beyond the year 9999, expected a date",
    )
    assert bson.encode(back) == bson.encode(raw)


def test_a_damaged_document_has_its_id_and_nothing_is_written_to_it() -> None:
    raw = Odd("damaged", {"note": "MARK"}).document("int_1")
    namespace = document.read(decoded(raw, b"\x02note\0", b"\x55note\0"))
    assert namespace.namespace_id == "ns_odd_damaged"
    assert namespace.faults[0].startswith("document cannot be decoded: ")
    with pytest.raises(Conflict, match="cannot be changed"):
        require_readable(namespace)
    assert document.UNDECODED == decoding.UNDECODED


# What is refused -----------------------------------------------------------------------


@pytest.mark.parametrize("stored", NO_ADDRESS.values(), ids=NO_ADDRESS)
def test_an_id_that_no_address_can_have_is_refused(stored: Any) -> None:
    with pytest.raises(Conflict, match="cannot be opened"):
        require_id({"_id": stored})


def named(name: str) -> document.Namespace:
    odd = next(odd for odd in EVERY if odd.name == name)
    return document.read(odd.document("int_1"))


@pytest.mark.parametrize(
    "name",
    ["revision_text", "changes_text", "deletion_true", "protected", "owner_long"],
)
def test_a_write_is_refused_where_nobody_can_tell_whether_it_may_be(name: str) -> None:
    with pytest.raises(Conflict, match="cannot be changed") as refused:
        require_readable(named(name))
    assert refused.value.details["faults"] == list(named(name).faults)


def test_a_write_goes_on_where_the_odd_part_is_another_one() -> None:
    for name in ("index_text", "description_nul", "expires_max", "workers_text"):
        require_readable(named(name))
    require_readable(named("workers_text"), ("infrastructure",))
    with pytest.raises(Conflict, match=r"payload_indexes\.0 is text"):
        require_readable(named("index_text"), ("payload_indexes",))


def test_where_its_collection_is_is_not_guessed() -> None:
    unplaced = {"infra_text", "tier_unknown", "collection_number", "url_list"}
    for odd in PLACES:
        namespace = document.read(odd.document("int_1"))
        if odd.name in unplaced:
            with pytest.raises(Conflict, match="found in Qdrant"):
                require_placement(namespace)
    healthy = document.read(Odd("healthy", {"a": math.nan}).document("int_1"))
    require_placement(healthy)
