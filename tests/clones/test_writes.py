"""The writes that give a payload its new ids, against the mapping that makes it whole.

The writes are applied with Qdrant's rules: a map is merged at a path key by key, and a
key whose value is null is removed.
"""

import copy
from collections import Counter
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nsadmin.clones.rewrite.id_map import IdMap
from nsadmin.clones.rewrite.payload import rewrite_payload
from nsadmin.clones.rewrite.writes import ReferenceWrites, Write, writes_between
from nsadmin.clones.verify.canonical import Marks, canonical
from nsadmin.clones.verify.content import Contents
from tests.clones.test_proof_payload import (
    BKT,
    COL,
    COL2,
    COPIED,
    MEDIA,
    NS,
    PAYLOADS,
    TAX,
    TENANTS,
    N,
    ids,
)

Json = Any


def reference_writes(payload: Json, mapped: IdMap) -> tuple[Write, ...]:
    """The writes of one payload; remembered changes are the same ones."""
    changes = ReferenceWrites(mapped)
    found = changes.of(payload)
    assert changes.of(payload) == found
    lost = rewrite_payload(payload, mapped.only_absent) != payload
    assert changes.has_loss == lost
    return found


def applied(payload: Json, writes: tuple[Write, ...]) -> Json:
    """The payload after the writes, by Qdrant's rules."""
    made = copy.deepcopy(payload)
    for write in writes:
        values = orjson.loads(write.values)
        if write.is_whole:
            made = values
            continue
        place = made
        for name in write.path.split(".") if write.path else ():
            if not isinstance(place.get(name), dict):
                place[name] = {}
            place = place[name]
        for name, value in values.items():
            if value is None:
                place.pop(name, None)
            else:
                place[name] = value
    return made


def shape(value: Json) -> bytes:
    """The value's JSON, which tells 1 from 1.0; the order of keys does not matter."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


@settings(max_examples=150, deadline=None)
@given(PAYLOADS, COPIED, TENANTS)
def test_the_writes_give_any_payload_what_the_mapping_gives_it(payload, copied, tenant):
    mapped = ids(*copied, tenant=tenant)
    writes = reference_writes(payload, mapped)
    wanted = shape(rewrite_payload(payload, mapped))
    once = applied(payload, writes)
    assert shape(once) == wanted
    assert shape(applied(once, writes)) == wanted
    assert shape(applied(payload, writes[::-1])) == wanted


@settings(max_examples=100, deadline=None)
@given(PAYLOADS, COPIED, TENANTS, st.data())
def test_what_is_half_rewritten_can_be_gone_on_with(payload, copied, tenant, data):
    mapped = ids(*copied, tenant=tenant)
    writes = reference_writes(payload, mapped)
    done = data.draw(st.integers(0, len(writes)))
    half = applied(payload, writes[:done])
    wanted = rewrite_payload(payload, mapped)
    assert shape(applied(half, reference_writes(half, mapped))) == shape(wanted)
    assert reference_writes(wanted, mapped) == ()
    marks = Marks.of(mapped, "secret")
    before = canonical(payload, marks.source)
    assert canonical(half, marks.either).content() == before.content()
    assert canonical(half, marks.either).marked >= canonical(half, marks.clone).marked
    assert canonical(wanted, marks.clone).content() == before.content()


@settings(max_examples=100, deadline=None)
@given(PAYLOADS, PAYLOADS, st.booleans())
def test_contents_are_equal_exactly_where_the_canonical_ones_are(one, other, alike):
    marks = Marks.of(ids(), "secret")
    if alike:
        other = rewrite_payload(one, ids())
    contents, counted = Contents(marks.source), Counter[str]()
    clone = Contents(marks.clone)
    before, after = canonical(one, marks.source), canonical(other, marks.clone)
    is_same = contents.of(one, counted) == clone.of(other, Counter())
    assert is_same == (before.content() == after.content())
    assert counted == before.marked
    assert contents.of(one, Counter()) == contents.of(one, Counter())


@settings(max_examples=100, deadline=None)
@given(PAYLOADS, PAYLOADS)
def test_any_payload_becomes_any_other(before, after):
    assert shape(applied(before, writes_between(before, after))) == shape(after)


def _written(payload: Json) -> list[tuple[str, Json]]:
    writes = reference_writes(payload, ids("buckets", "collections"))
    assert not any(write.is_whole for write in writes)
    return [(write.path, orjson.loads(write.values)) for write in writes]


def test_each_level_has_one_write_with_what_differs_there():
    inner = {"lineage": {"path": f"{BKT}/{COL}", "depth": 2}, "bucket_id": BKT, "n": 1}
    payload = {"namespace_id": NS, "title": "x", "_internal": inner}
    assert _written(payload) == [
        ("", {"namespace_id": N[NS]}),
        ("_internal", {"bucket_id": N[BKT]}),
        ("_internal.lineage", {"path": f"{N[BKT]}/{N[COL]}"}),
    ]


def test_a_list_is_set_whole_and_a_reference_to_what_is_absent_is_removed():
    payload = {"edges": [{"collection_id": COL}, 1], "taxonomy_id": TAX}
    edges = [{"collection_id": N[COL]}, 1]
    assert _written(payload) == [("", {"edges": edges, "taxonomy_id": None})]


def test_a_key_is_renamed_in_its_map():
    payload = {"a": {"source_bucket_schemas": {BKT: {"x": COL}, MEDIA: 1, "z": None}}}
    changes = {BKT: None, N[BKT]: {"x": COL}, MEDIA: None, N[MEDIA]: 1}
    assert _written(payload) == [("a.source_bucket_schemas", changes)]


def test_a_key_with_null_is_renamed_with_the_map_around_it():
    payload = {"a": {"source_bucket_schemas": {BKT: None, "z": None}, "y": 1}}
    renamed = {"source_bucket_schemas": {N[BKT]: None, "z": None}}
    assert _written(payload) == [("a", renamed)]


@pytest.mark.parametrize("name", ["a.b", "a[0]", 'a"b', "", " ", "a[]", "é"])
def test_a_map_under_a_name_that_no_path_may_have_is_set_whole(name):
    payload = {"x": {name: {"collection_id": COL, "k": [1, 1.0, None]}, "y": 2}}
    whole = {name: {"collection_id": N[COL], "k": [1, 1.0, None]}}
    assert _written(payload) == [("x", whole)]


def test_points_with_the_same_references_have_the_same_writes():
    one = {"title": "one", "collection_ids": [COL, COL2], "namespace_id": NS}
    other = {"namespace_id": NS, "n": 2, "collection_ids": [COL, COL2]}
    assert reference_writes(one, ids()) == reference_writes(other, ids())


SAMPLES: list[Json] = [
    {"namespace_id": NS, "deep": {"er": {"collection_id": COL, "n": 1}}, "x": None},
    {"a": {"source_bucket_schemas": {BKT: None, MEDIA: {"y": 1}}, "k": 1.0}},
    {"a.b": {"collection_id": COL}, "c": {"": {"bucket_id": BKT}, "d[0]": [None]}},
    {"taxonomy_id": TAX, "t": {"taxonomy_ids": [TAX, TAX], "taxonomy_id": TAX}},
    {"lineage_path": f"{TAX}/{COL}//", "l": [{"collection_id": COL}, {"z": None}]},
    {"untouched": COL},
]


def test_a_server_applies_them_as_they_are_meant(plain, reader):
    """Over real HTTP, each payload at a point of its own."""
    mapped = ids("buckets", "collections")
    reader.put(
        plain.collection,
        [
            {"id": n, "vector": {}, "payload": payload}
            for n, payload in enumerate(SAMPLES)
        ],
    )
    path = f"/collections/{plain.collection}/points/payload?wait=true"
    for n, payload in enumerate(SAMPLES):
        for write in reference_writes(payload, mapped) * 2:
            body = {"payload": orjson.loads(write.values), "points": [n]}
            if write.path:
                body["key"] = write.path
            reader.ask("PUT" if write.is_whole else "POST", path, body)
    found = reader.every_point(plain.collection)
    assert [shape(found[n]["payload"]) for n in range(len(SAMPLES))] == [
        shape(rewrite_payload(payload, mapped)) for payload in SAMPLES
    ]
