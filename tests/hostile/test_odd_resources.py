"""Odd resources lie in the store: each is listed, its faults are named, it is opened."""

import re
from html import unescape

import pytest
from django.test import Client

from nsadmin.resources import listing, objects, reading
from nsadmin.resources.listing import ListQuery
from nsadmin.resources.references.kinds import KINDS, WORDS, Kind
from nsadmin.stores.mongo.connection import collection
from tests.cast import Cast
from tests.hostile.odd_resources import ODD
from tests.hostile.walk import signed_in

pytestmark = pytest.mark.django_db
LINK = re.compile(r'<a class="strong clip" href="([^"]+)"')


@pytest.fixture
def odd(cast: Cast) -> Cast:
    """The cast with all odd resources in Northlight's namespace."""
    for one in ODD:
        collection(one.kind).insert_one(one.document(cast.own))
    return cast


def rows(cast: Cast, kind: Kind):
    own_id = cast.own.namespace_id
    return listing.list_of(kind, own_id, ListQuery()).resources


def test_each_is_listed_and_its_faults_are_named(odd: Cast) -> None:
    for kind in KINDS:
        found = rows(odd, kind)
        assert len(found) == sum(one.kind == kind for one in ODD)
        faulty = {row.id or row.label for row in found if row.faults}
        assert len(faulty) == sum(one.kind == kind and one.is_faulty for one in ODD)


def test_each_has_an_address_of_its_own(odd: Cast) -> None:
    for kind in KINDS:
        addresses = [row.address for row in rows(odd, kind)]
        assert None not in addresses
        assert len(set(addresses)) == len(addresses)
        assert not any("/" in address for address in addresses)


def test_each_is_opened_from_its_list(odd: Cast) -> None:
    client: Client = signed_in(odd, "viewer")
    opened = 0
    for kind in KINDS:
        path = f"/namespaces/{odd.own.namespace_id}/resources/{kind}/"
        listed = client.get(path).content.decode()
        assert "<script>alert" not in listed
        for address in LINK.findall(listed):
            answer = client.get(unescape(address))
            assert answer.status_code == 200, address
            assert "<script>alert" not in answer.content.decode()
            assert len(answer.content) < 200_000, address
            opened += 1
    assert opened == len(ODD)


def test_the_map_and_the_comparison_pass(odd: Cast) -> None:
    own_id = odd.own.namespace_id
    path = f"/namespaces/{own_id}/resources/map/"
    assert signed_in(odd, "viewer").get(path).status_code == 200
    graph = reading.graph_of(own_id)
    assert objects.scan(own_id, graph).read == sum(o.kind == "objects" for o in ODD)


def test_a_search_passes_them(odd: Cast) -> None:
    for kind in KINDS:
        query = ListQuery(search="ODD ")
        found = listing.list_of(kind, odd.own.namespace_id, query)
        assert found.is_whole
        if WORDS[kind].name_field:
            assert found.resources


@pytest.mark.parametrize(
    "address", ["~", "~x", "~" + "A" * 3000, "a%00b", "%7E%7E", "..%2F", "~e30"]
)
def test_an_address_that_was_made_up_is_not_found(cast: Cast, address: str) -> None:
    path = f"/namespaces/{cast.own.namespace_id}/resources/buckets/{address}/"
    assert signed_in(cast, "viewer").get(path).status_code == 404
