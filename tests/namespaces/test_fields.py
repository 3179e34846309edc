"""What a field may hold: names, descriptions, paths, index parameters, bodies."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsadmin.errors import Invalid
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.namespaces.schema.payload_indexes import (
    INDEX_DEFAULTS,
    INDEX_TYPES,
    Parameters,
    clean_field_name,
    clean_schema,
)
from nsadmin.namespaces.schema.text import clean_description, clean_name, name_key


@pytest.mark.parametrize(
    ("given_name", "stored"),
    [
        ("  film archive  ", "film archive"),
        ("a" * 32 + "  " + "a" * 31, "a" * 32 + " " + "a" * 31),
        ("Cafe\u0301 films", "Café films"),
        ("日本映画", "日本映画"),
        ("🎬 films", "🎬 films"),
        ("a" * 64, "a" * 64),
        ("nsa-archive", "nsa-archive"),
    ],
)
def test_names_are_trimmed_and_composed(given_name, stored):
    assert clean_name(given_name) == stored


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("ab", "at least 3"),
        ("  a  ", "at least 3"),
        ("a" * 65, "at most 64"),
        *[(f"film{c}archive", c) for c in "/\\?#%"],
        (".hidden", "dot"),
        ("List", "reserved"),
        ("stats", "reserved"),
        ("ns_8f2c1e7a4b", "looks like an id"),
        ("6f1f3c1e-5b0a-4d57-9c39-0d8a1a2b3c4d", "looks like an id"),
        ("film\x00archive", "U+0000"),
        ("film\narchive", "U+000A"),
        ("film\u202earchive", "U+202E"),
        ("film\u200barchive", "U+200B"),
        ("film\ud800archive", "U+D800"),
    ],
)
def test_refused_names_say_why(bad, says):
    with pytest.raises(Invalid) as fault:
        clean_name(bad)
    assert says in fault.value.errors["namespace_name"][0]


@given(st.text(max_size=80))
def test_a_clean_name_is_clean_again(text):
    try:
        once = clean_name(text)
    except Invalid:
        return
    assert clean_name(once) == once
    assert name_key(once) == name_key(once.upper().lower()) or once.upper() != once


def test_descriptions():
    assert clean_description(" one\r\ntwo ") == "one\ntwo"
    assert clean_description("   ") == ""
    for bad in ("x" * 2001, "bell\x07"):
        with pytest.raises(Invalid):
            clean_description(bad)


@pytest.mark.parametrize(
    "path", ["title", "metadata.title", "tags[].name", "ключ", "a-b"]
)
def test_paths(path):
    assert clean_field_name(path, at="x") == path


@pytest.mark.parametrize(
    "path", ["", ".", "..", "a..b", ".a", "a.", "a b", "a/b", "a?b", "a#", "a%2e", "a[0]",
             "[]", "x" * 256, "a\x00b", "a\u200bb"]
)  # fmt: skip
def test_bad_paths(path):
    with pytest.raises(Invalid) as fault:
        clean_field_name(path, at="payload_indexes.0.field_name")
    assert set(fault.value.errors) == {"payload_indexes.0.field_name"}


def test_defaults_are_filled_in():
    for kind in INDEX_TYPES:
        assert clean_schema(kind, {}, at="s", kept={}) == {
            "type": kind,
            **INDEX_DEFAULTS[kind],
        }


@pytest.mark.parametrize(
    ("kind", "schema", "at"),
    [
        ("text", {"min_token_len": 9, "max_token_len": 3}, "s.min_token_len"),
        ("text", {"min_token_len": -1}, "s.min_token_len"),
        ("text", {"min_token_len": True}, "s.min_token_len"),
        ("text", {"tokenizer": "japanese"}, "s.tokenizer"),
        ("text", {"lowercase": "yes"}, "s.lowercase"),
        ("integer", {"lookup": False, "range": False}, "s"),
        ("keyword", {"range": False}, "s.range"),
        ("geo", {"is_tenant": True}, "s.is_tenant"),
        ("geo", {"on_disk": "yes"}, "s.on_disk"),
        ("keyword", {"is_principal": True}, "s.is_principal"),
        ("uuid", {"phrase_matching": True}, "s.phrase_matching"),
        ("text", {"stemmer": "english"}, "s.stemmer"),
        ("text", {"stemmer": {"type": "snowball"}}, "s.stemmer"),
        (
            "text",
            {"stemmer": {"type": "snowball", "language": []}},
            "s.stemmer.language",
        ),
        ("text", {"stemmer": {"type": [], "language": "english"}}, "s.stemmer.type"),
        ("text", {"stemmer": {"type": "none", "language": "english"}}, "s.stemmer"),
        ("text", {"stopwords": "klingon"}, "s.stopwords"),
        ("text", {"stopwords": {"languages": ["klingon"]}}, "s.stopwords.languages.0"),
        ("text", {"stopwords": {"languages": "english"}}, "s.stopwords.languages"),
        ("text", {"stopwords": {"custom": [""]}}, "s.stopwords.custom.0"),
        ("text", {"stopwords": {"custom": ["b", "a\x00"]}}, "s.stopwords.custom.1"),
        ("text", {"stopwords": {"custom": ["x"] * 501}}, "s.stopwords.custom"),
        ("text", {"stopwords": {"words": []}}, "s.stopwords"),
    ],
)
def test_bad_parameters(kind, schema, at):
    with pytest.raises(Invalid) as fault:
        clean_schema(kind, schema, at="s", kept={})
    assert set(fault.value.errors) == {at}


def test_null_is_absent_for_the_parameters_of_every_type():
    sent = dict.fromkeys(get_args(Parameters)[1].json_schema["properties"])
    for kind in INDEX_TYPES:
        full = clean_schema(kind, sent, at="s", kept={})
        assert full == {"type": kind, **INDEX_DEFAULTS[kind]}
    kept = {"type": "keyword", "is_tenant": False, "on_disk": True}
    assert clean_schema("keyword", sent, at="s", kept=kept)["on_disk"] is True
    with pytest.raises(Invalid):
        clean_schema("keyword", {"fish": None}, at="s", kept={})


def test_parameters_that_are_left_out_stay_as_they_are_stored():
    kept = {"type": "keyword", "is_tenant": False, "on_disk": True, "m": 4}
    full = clean_schema("keyword", {"is_tenant": True}, at="s", kept=kept)
    assert full == {"type": "keyword", "is_tenant": True, "on_disk": True, "m": 4}
    unset = clean_schema("keyword", {"on_disk": None}, at="s", kept=kept)
    assert unset["on_disk"] is True
    off = clean_schema("keyword", {"on_disk": False, "m": 4}, at="s", kept=kept)
    assert (off["on_disk"], off["m"]) == (False, 4)
    with pytest.raises(Invalid):
        clean_schema("keyword", {"m": 5}, at="s", kept=kept)


def test_further_parameters_are_stored_as_qdrant_tells_them():
    given = {
        "phrase_matching": True,
        "stemmer": {"type": "snowball", "language": "english"},
        "stopwords": {"languages": ["german", "english"], "custom": ["to", "a", "a"]},
        "enable_hnsw": False,
    }
    full = clean_schema("text", given, at="s", kept={})
    assert full["stopwords"] == {
        "languages": ["english", "german"],
        "custom": ["a", "to"],
    }
    assert full["stemmer"] == given["stemmer"]
    assert (full["phrase_matching"], full["enable_hnsw"]) == (True, False)


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ([], ""),
        ("text", ""),
        ({"scope": "system"}, "scope"),
        ({"namespace_name": 5}, "namespace_name"),
        ({"auto_create_indexes": "true"}, "auto_create_indexes"),
        ({"auto_create_indexes": 1}, "auto_create_indexes"),
        ({"payload_indexes": {}}, "payload_indexes"),
        ({"payload_indexes": [{}]}, "payload_indexes.0.field_name"),
        ({"payload_indexes": [{"field_name": {"$ne": 1}}]}, "payload_indexes.0.field_name"),
        ({"payload_indexes": [{"field_name": "a", "type": "vector"}]},
         "payload_indexes.0.type"),
        ({"feature_extractors": [{"feature_extractor_name": "x"}]},
         "feature_extractors.0.version"),
    ],
)  # fmt: skip
def test_bad_bodies_name_the_field(body, at):
    with pytest.raises(Invalid) as fault:
        parse_patch(body)
    assert at in fault.value.errors


def test_null_is_the_same_as_absent():
    empty = dict.fromkeys(
        ["namespace_name", "description", "payload_indexes", "infrastructure"]
    )
    assert parse_patch(empty) == parse_patch({})
