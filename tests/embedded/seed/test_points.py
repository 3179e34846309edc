"""Points: ids, payload layouts, gaps, and indexed fields that hold what they say."""

import re
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import pytest

from nsadmin.embedded.seed.catalogue import BY_SLUG, NAMESPACES
from nsadmin.embedded.seed.layout import layout_of
from nsadmin.embedded.seed.points import batches, present_vectors
from nsadmin.embedded.seed.specs import NamespaceSpec
from nsadmin.namespaces.schema.payload_indexes import PROTECTED_INDEXES

each_namespace = pytest.mark.parametrize("spec", NAMESPACES, ids=lambda s: s.slug)

# Fields that only some points have, on purpose.
PARTIAL = {"code_2", "parent_code", "names.ar", "horsepower", "miles_per_gallon"}


@cache
def points(slug: str) -> list[dict[str, Any]]:
    """All points of a namespace, each vector replaced by its dimension."""
    return [sized(point) for batch in batches(BY_SLUG[slug], 500) for point in batch]


def sized(point: dict[str, Any]) -> dict[str, Any]:
    sizes = {name: len(row) for name, row in point["vector"].items()}
    return {**point, "vector": sizes}


def value(payload: dict[str, Any], path: str) -> Any:
    """What the payload holds at a dotted path, None where there is nothing."""
    found: Any = payload
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def is_geo(found: Any) -> bool:
    return -90 <= found["lat"] <= 90 and -180 <= found["lon"] <= 180


def is_date(found: Any) -> bool:
    return datetime.fromisoformat(found).tzinfo is not None


CHECKS: dict[str, Callable[[Any], bool]] = {
    "keyword": lambda found: isinstance(found, str) and found != "",
    "text": lambda found: isinstance(found, str) and found != "",
    "integer": lambda found: type(found) is int,
    "float": lambda found: type(found) in (int, float),
    "bool": lambda found: type(found) is bool,
    "geo": is_geo,
    "datetime": is_date,
    "uuid": lambda found: str(UUID(found)) == found,
}


def is_nested(point: dict[str, Any]) -> bool:
    return "_internal" in point["payload"]


@each_namespace
def test_indexed_fields_hold_values_of_their_type(spec: NamespaceSpec) -> None:
    payloads = [point["payload"] for point in points(spec.slug)]
    for index in spec.indexes:
        held = [value(payload, index.field_name) for payload in payloads]
        present = [found for found in held if found is not None]
        fits = all(CHECKS[index.type](found) for found in present)
        assert fits != index.mistaken, index.field_name
        assert present
        if index.field_name in PARTIAL:
            assert len(present) < len(held), index.field_name


@each_namespace
def test_flat_payloads_have_every_protected_field(spec: NamespaceSpec) -> None:
    layout = layout_of(spec)
    flat = [point["payload"] for point in points(spec.slug) if not is_nested(point)]
    for payload in flat:
        for name, schema in PROTECTED_INDEXES.items():
            assert CHECKS[schema["type"]](payload[name])
        assert payload["internal_id"] == layout.internal_id
        assert payload["namespace_id"] == layout.namespace_id
        steps = payload["lineage_path"].split("/")
        assert steps[-1] == payload["collection_id"]


@each_namespace
def test_ids_are_unique_and_of_a_kind_that_qdrant_takes(spec: NamespaceSpec) -> None:
    ids = [point["id"] for point in points(spec.slug)]
    assert len(set(ids)) == len(ids)
    if spec.numbered:
        assert all(type(point_id) is int and point_id >= 0 for point_id in ids)
    else:
        assert all(UUID(point_id).version == 5 for point_id in ids)
    documents = [point["payload"]["document_id"] for point in points(spec.slug)]
    assert len(set(documents)) == len(documents)
    assert all(re.fullmatch(r"doc_[a-z0-9]{12}", found) for found in documents)


@each_namespace
def test_vectors_are_those_of_the_collection(spec: NamespaceSpec) -> None:
    wanted = present_vectors(spec)
    gaps = dict(spec.gaps)
    for position, point in enumerate(points(spec.slug)):
        for name, size in point["vector"].items():
            assert size == wanted[name].size
        lacking = {name for name, every in gaps.items() if position % every == 1}
        assert set(wanted) - set(point["vector"]) == lacking


def test_points_say_which_features_they_miss() -> None:
    incomplete = {
        spec.slug
        for spec in NAMESPACES
        if any(p["payload"].get("__missing_features") for p in points(spec.slug))
    }
    assert incomplete == {
        "airstrips-intake",
        "countries-and-flags",
        "seattle-weather-desk",
    }


@pytest.mark.parametrize("slug", ["languages-of-the-world", "subdivisions-atlas"])
def test_both_layouts_are_mixed_in_one_collection(slug: str) -> None:
    layout = layout_of(BY_SLUG[slug])
    nested = [point["payload"] for point in points(slug) if is_nested(point)]
    assert 0 < len(nested) < len(points(slug)) / 2
    for payload in nested:
        inner = payload["_internal"]
        assert inner["namespace_id"] == layout.namespace_id
        assert inner["collection_id"] == payload["collection_id"]
        assert inner["document_id"] == payload["document_id"]
        assert payload["internal_id"] == inner["internal_id"]
        last = inner["lineage"]["chain"][-1]
        assert last["document_id"] == payload["document_id"]
        assert inner["lineage"]["path"].endswith(payload["collection_id"])
        assert "namespace_id" not in payload


@each_namespace
def test_derived_documents_name_their_parent(spec: NamespaceSpec) -> None:
    layout = layout_of(spec)
    parents = {point["payload"]["document_id"] for point in points(spec.slug)}
    derived = [
        point["payload"]
        for point in points(spec.slug)
        if point["payload"]["collection_id"] == layout.highlights_id
    ]
    assert bool(derived) == bool(spec.highlight_every)
    for payload in derived:
        lineage = payload.get("_internal", {}).get("lineage", payload)
        assert lineage["source_document_id"] in parents
        assert lineage["source_collection_id"] == layout.base_id
        assert lineage["source_type"] == "collection"


def test_texts_in_both_directions_and_with_emoji_are_there() -> None:
    texts = [point["payload"]["text"] for point in points("countries-and-flags")]
    assert any(re.search(r"[\u0600-\u06ff]", text) for text in texts)
    assert any(re.search(r"[\u0590-\u05ff]", text) for text in texts)
    assert all(ord(text[0]) > 0xFFFF for text in texts)
    assert max(len(text) for text in texts) > 150


def test_some_documents_have_edges() -> None:
    assert any(point["payload"].get("edges") for point in points("classic-tables"))


def test_making_them_again_gives_the_same_points() -> None:
    spec = BY_SLUG["writing-systems"]
    assert list(batches(spec, 50)) == list(batches(spec, 50))
