"""The advised type of each shape of values agrees with what Qdrant then holds.

The server is the embedded one, or the real one that NSADMIN_TEST_QDRANT_URL names.
"""

import json

import pytest

from nsadmin.advice import index_coverage, sample_cache
from nsadmin.namespaces.schema.payload_indexes import INDEX_DEFAULTS, INDEX_TYPES
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import http, shared
from tests.advice.shapes import POINTS, SHAPES
from tests.cast import make_namespace

FIELDS = {name: f"s{number}" for number, name in enumerate(SHAPES)}


def path_of(name):
    return FIELDS[name] + SHAPES[name].path


@pytest.fixture
def shaped(cast):
    """A namespace whose points have a field for each shape."""
    namespace = make_namespace(cast.northlight, "shapes", point_count=POINTS)
    found, _ = points.page(shared(), namespace.collection, with_vectors=True)
    for number, point in enumerate(found):
        point["payload"] |= {
            FIELDS[name]: shape.values[number % len(shape.values)]
            for name, shape in SHAPES.items()
        }
    # As text, for integers that our own writer refuses.
    answer = http(shared()).put(
        f"/collections/{namespace.collection}/points?wait=true",
        content=json.dumps({"points": found}),
        headers={"content-type": "application/json"},
    )
    assert answer.status_code == 200, answer.text
    return namespace


def build(namespace, field, kind):
    schema = {"type": kind, **INDEX_DEFAULTS[kind]}
    assert collections.create_index(shared(), namespace.collection, field, schema)


def held_by(namespace, field, kind):
    """The points in an index of that type, which is built for the question."""
    build(namespace, field, kind)
    index = collections.get(shared(), namespace.collection).indexes[field]
    assert index.type == kind
    return index.points


def test_the_advised_index_holds_what_the_table_says(shaped):
    taken = sample_cache.fresh(shaped, [path_of(name) for name in SHAPES])
    advised = {name: taken[path_of(name)].type for name in SHAPES}
    assert advised == {name: shape.advised for name, shape in SHAPES.items()}
    with_type = {name: kind for name, kind in advised.items() if kind}
    for name, kind in with_type.items():
        build(shaped, path_of(name), kind)
    held = {n: index_coverage.holding(shaped, path_of(n)) for n in with_type}
    counts = {name: (one.held, one.points) for name, one in held.items()}
    assert counts == {n: (SHAPES[n].held, SHAPES[n].having) for n in with_type}


def test_no_index_holds_all_of_what_has_no_advised_type(shaped):
    most = {
        name: max(held_by(shaped, path_of(name), kind) for kind in INDEX_TYPES)
        for name, shape in SHAPES.items()
        if shape.advised is None
    }
    assert most == {name: SHAPES[name].held for name in most}
