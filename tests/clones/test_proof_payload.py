"""The mapping of payloads and the proof of it; pure functions, without stores."""

import copy
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nsadmin.clones.rewrite.id_map import IdMap, build_id_map, new_id
from nsadmin.clones.rewrite.payload import rewrite_payload
from nsadmin.clones.rewrite.references import rewrite_references
from nsadmin.clones.verify.canonical import Marks, canonical, is_reference_field
from nsadmin.clones.verify.point_proof import prove
from nsadmin.resources.references.fields import IdKind
from nsadmin.transfer.vectors import Scaled

JOB = UUID("4f5c6a34-6a0c-4a6e-9a53-0d1f6f4d2b11")
NS, BKT, COL, COL2 = "ns_source001", "bkt_source1", "col_source1", "col_source2"
RET, TAX = "ret_source1", "tax_source1"
WORD, MEDIA = "novels", "media"
FOUND: dict[IdKind, list[str]] = {
    "buckets": [BKT, MEDIA],
    "collections": [COL, COL2, WORD],
    "retrievers": [RET],
    "taxonomies": [TAX],
}
N = {
    old: new_id(JOB, kind, old)
    for kind, olds in (*FOUND.items(), ("namespaces", [NS]))
    for old in olds
}


def ids(*copied: IdKind, tenant: tuple[str, str] | None = None) -> IdMap:
    return build_id_map(JOB, NS, FOUND, copied or tuple(FOUND), tenant)


def difference(source: Any, clone: Any, mapped: IdMap | None = None) -> str:
    """What the proof says of two payloads; empty if they are equal."""
    marks = Marks.of(mapped or ids(), "secret")
    one, other = {"id": 1, "payload": source}, {"id": 1, "payload": clone}
    return prove(one, other, marks, Scaled({}), is_foreign=False).difference


# Paths --------------------------------------------------------------------------------

KEPT_PATHS = [
    "",
    "/",
    "//",
    "///",
    "a",
    "a/",
    "/a",
    "a//b",
    "a///b//",
    "s3://other//raw/1.mp4",
    "s3:///raw/1.mp4",
    "s3://",
    "https://example.org//a?b=c//d#e/",
    "file:///tmp//x",
    "C:\\media\\raw",
    " media ",
    "media\n",
    "\tmedia/ media",
    "Media/MEDIA",
    "media2/2media",
    "./media2/../x",
    "%6Dedia/x",
    "me\u0301dia/caf\u00e9/cafe\u0301",
    "col_source1x/col_source",
    "xcol_source1/col_source11",
    "col_source1,bkt_source1",
    "col_source1?x=1",
    "{{DOC.path}}/x",
    "obj_1/doc_2//",
    "a/\u200b/b",
    "日本/🎬/",
    "\u202eabc/def",
    "null/None/0",
    "x" * 3000 + "//",
]
CHANGED_PATHS = [
    (f"{BKT}/{COL}", f"{N[BKT]}/{N[COL]}"),
    (f"{BKT}//{COL}", f"{N[BKT]}//{N[COL]}"),
    (f"/{BKT}/{COL}/", f"/{N[BKT]}/{N[COL]}/"),
    (f"{BKT}", N[BKT]),
    (f"s3://{BKT}//raw/1.mp4", f"s3://{N[BKT]}//raw/1.mp4"),
    ("s3://media//raw/1.mp4", f"s3://{N[MEDIA]}//raw/1.mp4"),
    (f"//{COL}//", f"//{N[COL]}//"),
    (f"{COL}/{COL}/{COL}", "/".join([N[COL]] * 3)),
    (f"x/{WORD}/{COL2}x", f"x/{N[WORD]}/{COL2}x"),
    (f"obj_1/{COL}/ {BKT}", f"obj_1/{N[COL]}/ {BKT}"),
    (f"{NS}/{RET}/{TAX}", f"{N[NS]}/{N[RET]}/{N[TAX]}"),
]


@pytest.mark.parametrize(
    ("path", "expected"), [*((path, path) for path in KEPT_PATHS), *CHANGED_PATHS]
)
def test_only_a_segment_that_is_an_id_changes_in_a_path(path, expected):
    for source, wanted in (
        ({"lineage_path": path}, {"lineage_path": expected}),
        ({"a": [{"lineage_path": [path]}]}, {"a": [{"lineage_path": [expected]}]}),
        (
            {"_internal": {"lineage": {"path": path}}},
            {"_internal": {"lineage": {"path": expected}}},
        ),
        ({"path": path, "url": path}, {"path": path, "url": path}),
    ):
        clone = rewrite_payload(copy.deepcopy(source), ids())
        assert clone == wanted
        assert difference(source, clone) == ""


@pytest.mark.parametrize("path", [path for path in KEPT_PATHS if path])
def test_a_documents_path_keeps_its_bytes_too(path):
    assert rewrite_references({"lineage_path": path}, ids())[0] == {
        "lineage_path": path
    }


def test_there_are_forty_odd_paths():
    assert len(KEPT_PATHS) + len(CHANGED_PATHS) >= 40


def test_a_segment_of_what_is_not_copied_is_dropped_alone():
    mapped = ids("buckets", "collections")
    for path, expected in (
        (f"{TAX}/{COL}", N[COL]),
        (f"{COL}/{TAX}", N[COL]),
        (f"/{TAX}//{COL}/", f"//{N[COL]}/"),
        (f"{TAX}//x", "/x"),
        (TAX, ""),
        (f"{TAX}/{RET}", ""),
    ):
        source = {"lineage_path": path}
        clone = rewrite_payload(source, mapped)
        assert clone == {"lineage_path": expected}
        assert difference(source, clone, mapped) == ""


# Fields -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "payload",
    [
        {"note": COL},
        {"tags": [COL, BKT]},
        {"anything": {COL: 1}},
        {"path": f"{BKT}/{COL}"},
        {"field": "collection_id", "value": COL},
        {"title": f"{COL}/{BKT}"},
        {"internal_id": "int_other"},
        {"collection_id": {"deeper": COL}},
        {"document_id": COL},
    ],
)
def test_what_is_no_documented_reference_field_keeps_every_byte(payload):
    assert rewrite_payload(payload, ids(tenant=("int_a", "int_b"))) == payload
    assert difference(payload, payload) == ""


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        ({"note": COL}, "note"),
        ({"tags": ["x", COL]}, "tags[1]"),
        ({"path": f"{BKT}/x"}, "path"),
    ],
)
def test_a_change_elsewhere_is_named(payload, path):
    changed = rewrite_references(payload, ids())[0]
    if changed == payload:
        changed = {"path": f"{N[BKT]}/x"}
    said = difference(payload, changed)
    assert said.startswith(f"Point 1: field {path} was changed from")
    assert said.endswith("but is no documented reference field.")


def test_the_changed_fields_are_counted():
    source = {
        "collection_id": COL,
        "collection_ids": [COL, COL2, "other"],
        "source_bucket_schemas": {BKT: {"bucket_id": BKT}, "x": 1},
        "edges": [{"target_collection_id": COL}, {"target_collection_id": COL2}],
        "lineage_path": f"{BKT}/{COL}",
        "note": COL,
    }
    marks = Marks.of(ids(), "secret")
    proof = prove(
        {"id": 1, "payload": source},
        {"id": 1, "payload": rewrite_payload(source, ids())},
        marks,
        Scaled({}),
        is_foreign=False,
    )
    assert proof.difference == ""
    assert proof.source_digest == proof.clone_digest
    assert proof.changed == {
        "collection_id": 1,
        "collection_ids[]": 2,
        "source_bucket_schemas{}": 1,
        "source_bucket_schemas{}.bucket_id": 1,
        "edges[].target_collection_id": 2,
        "lineage_path": 1,
    }
    assert all(map(is_reference_field, ("a.bucket_id", "x[].source_id")))
    assert not is_reference_field("note")


def test_a_mark_cannot_be_made_by_a_payload():
    marks = [Marks.of(ids(), secret) for secret in ("one", "two")]
    assert marks[0].source.mark_of(COL, ()) != marks[1].source.mark_of(COL, ())
    forged = {"collection_id": f"<one:collections:{COL}>"}
    proof = prove(
        {"id": 1, "payload": {"collection_id": COL}},
        {"id": 1, "payload": forged},
        marks[1],
        Scaled({}),
        is_foreign=False,
    )
    assert "collection_id" in proof.difference


def test_two_ids_that_become_one_are_found():
    merged = IdMap({"buckets": {BKT: "bkt_new00001", MEDIA: "bkt_new00001"}})
    with pytest.raises(ValueError, match="same new id"):
        Marks.of(merged, "secret")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (10, 10.0),
        (1, True),
        (0, False),
        (0.0, -0.0),
        (1, "1"),
        (None, "null"),
        ([], None),
        ({}, []),
        ("", None),
        ([[]], []),
        ([{}], [[]]),
        ({"a": None}, {}),
        ("é", "e\u0301"),
        ("a ", "a"),
        (2**53, 2**53 + 1),
        (0.1, 0.1 + 2**-55),
    ],
)
def test_values_that_look_alike_differ(one, other):
    assert difference({"x": one}, {"x": other}) != ""
    assert difference({"x": other}, {"x": one}) != ""


# Any payload --------------------------------------------------------------------------

NAMES = st.sampled_from(
    [
        *(
            "bucket_id",
            "collection_ids",
            "source_id",
            "value",
            "field",
            "title",
            "path",
        ),
        *("lineage_path", "lineage", "lineage.path", "xlineage.path", "a.lineage"),
        *("source_bucket_schemas", "_internal", "taxonomy_lineage", "namespace_id"),
        *("internal_id", "retriever_id", "my_bucket_id", "bucket_id[]", "bucket_id\n"),
        *("collection_id.x", "a.collection_id", "s3_vector_index", "x[]", "", "."),
        *(COL, BKT, WORD, MEDIA, NS, "url", "key", "lineage[]", "path[]"),
    ]
)
TEXTS = st.sampled_from(
    [NS, BKT, COL, COL2, RET, TAX, WORD, MEDIA, "int_a", "col_other11", "x", "", "/"]
)
LEAVES = (
    TEXTS
    | st.lists(TEXTS, max_size=4).map("/".join)
    | st.text(max_size=6)
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
    | st.none()
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=5)
    ),
    max_leaves=25,
)
PAYLOADS = st.dictionaries(NAMES, VALUES, max_size=6)
COPIED = st.sets(st.sampled_from(tuple(FOUND))).map(
    lambda chosen: tuple(chosen) or ("buckets",)
)
TENANTS = st.sampled_from([None, ("int_a", "int_b")])


@settings(max_examples=150, deadline=None)
@given(PAYLOADS, COPIED, TENANTS)
def test_the_proof_agrees_with_the_mapping_of_any_payload(payload, copied, tenant):
    mapped = ids(*copied, tenant=tenant)
    assert difference(payload, rewrite_payload(payload, mapped), mapped) == ""


@settings(max_examples=200, deadline=None)
@given(PAYLOADS, st.data())
def test_any_other_change_is_found(payload, data):
    clone = rewrite_payload(payload, ids())
    leaves = sorted(canonical(clone, None).leaves, key=repr)
    path = data.draw(st.sampled_from(leaves))
    other = data.draw(LEAVES.filter(lambda value: not isinstance(value, list | dict)))
    spoiled = _with(clone, path, other)
    before, after = canonical(clone, None), canonical(spoiled, None)
    if before.content() != after.content():
        assert difference(payload, spoiled) != ""


def _with(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    """The value with another leaf at a path."""
    if not path:
        return {"": other} if isinstance(value, dict) else other
    spoiled = copy.copy(value)
    spoiled[path[0]] = (
        other if len(path) == 1 else _with(value[path[0]], path[1:], other)
    )
    return spoiled
