"""What the body of a clone request may say."""

import itertools

import pytest

from nsadmin.clones.request import CloneRequest, Include, parse_clone
from nsadmin.errors import Invalid


def test_a_name_is_enough():
    assert parse_clone({"namespace_name": " s "}) == CloneRequest("s", Include())
    assert Include() == Include(collections=True, retrievers=True, taxonomies=False)


def test_null_is_the_same_as_absent():
    body = {
        "namespace_name": "staging",
        "include_resources": {"collections": None, "taxonomies": True},
        "description": None,
        "source_organization_id": None,
    }
    read = parse_clone(body)
    assert read.include == Include(taxonomies=True)
    assert read.description is None
    assert parse_clone({**body, "include_resources": None}).include == Include()


def test_an_empty_description_is_not_the_sources():
    assert parse_clone({"namespace_name": "a", "description": " "}).description == ""


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "namespace_name"),
        ([], ""),
        (None, ""),
        ({"namespace_name": None}, "namespace_name"),
        ({"namespace_name": ""}, "namespace_name"),
        ({"namespace_name": "  "}, "namespace_name"),
        ({"namespace_name": "x" * 65}, "namespace_name"),
        ({"namespace_name": "a/b"}, "namespace_name"),
        ({"namespace_name": "ns_abc"}, "namespace_name"),
        ({"namespace_name": 5}, "namespace_name"),
        ({"namespace_name": "a", "description": "x" * 2001}, "description"),
        ({"namespace_name": "a", "mode": "copy"}, "mode"),
        ({"namespace_name": "a", "include_resources": []}, "include_resources"),
        (
            {"namespace_name": "a", "include_resources": {"collections": "yes"}},
            "include_resources.collections",
        ),
        (
            {"namespace_name": "a", "include_resources": {"buckets": True}},
            "include_resources.buckets",
        ),
        (
            {"namespace_name": "a", "source_organization_id": 1},
            "source_organization_id",
        ),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(body, path):
    with pytest.raises(Invalid) as caught:
        parse_clone(body)
    assert path in caught.value.errors


def test_every_fault_is_told_at_once():
    with pytest.raises(Invalid) as caught:
        parse_clone({"namespace_name": "a/b", "description": "x" * 3000})
    assert set(caught.value.errors) == {"namespace_name", "description"}


@pytest.mark.parametrize("chosen", list(itertools.product([True, False], repeat=3)))
def test_every_combination_says_what_comes_and_what_does_not(chosen):
    include = Include(*chosen)
    assert len(include.included) == 2 + sum(chosen)
    said = " ".join(include.left_out)
    collections, retrievers, taxonomies = chosen
    assert ("the clone starts empty" in said) is not collections
    assert ("have no collections to search" in said) is (not collections and retrievers)
    assert ("without their retrievers" in said) is (not retrievers and taxonomies)
    assert ("stages that use one" in said) is not taxonomies
