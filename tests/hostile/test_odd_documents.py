"""Odd documents lie in the store: each is listed, named once and can be opened."""

import json
from collections import Counter
from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape

from nsadmin.jobs import items
from nsadmin.namespaces.listing.facets import count_facets
from nsadmin.namespaces.listing.listing import SORTS, ListQuery, listing
from nsadmin.namespaces.mirror import comparison, mirror
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.schema.document import is_stand_in
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo.connection import collection
from tests.access.matrix import MATRIX
from tests.api.conftest import Caller, error_of
from tests.cast import Cast, make_namespace
from tests.contract.api.shapes import NamespaceModel
from tests.hostile.odd_documents import BEYOND_JSON, LISTED, NO_ADDRESS, UNOWNED, Odd
from tests.hostile.walk import signed_in

PAGES = sorted(
    address.replace("<resource_kind>", "buckets")
    for method, address in MATRIX
    if method == "GET"
    and "<namespace_id>" in address
    and not address.endswith(("<op_id>/revert/", "<resource_id>/"))
)
# Every page is asked for one in so many documents; `make faults` asks for all.
STEP = 16
# No name, a longer one than is published, a parameter that is not.
BEYOND_THE_SHAPE = ("nameless", "name_number", "name_long", "schema_foreign")
FAULTY = {odd.id: list(odd.faults) for odd in LISTED if odd.faults}


@pytest.fixture
def odd_store(cast: Cast) -> Cast:
    """The cast with all odd documents and after them a healthy one, compared."""
    internal_id = cast.northlight.internal_id
    documents = [odd.document(internal_id) for odd in [*LISTED, *UNOWNED]]
    for name, stored_id in NO_ADDRESS.items():
        values = {"_id": stored_id, "name_key": name, "namespace_name": name}
        documents.append(Odd(name, values).document(internal_id))
    collection(store.NAME).insert_many(documents)
    healthy = make_namespace(cast.northlight, "healthy, and last", in_qdrant=False)
    MirroredNamespace.objects.filter(pk=healthy.namespace_id).delete()
    comparison.reconcile()
    return cast


def test_a_comparison_passes_and_names_each_once(odd_store: Cast) -> None:
    rows = {row.pk: row for row in MirroredNamespace.objects.all()}
    assert "healthy, and last" in {row.name for row in rows.values()}
    for odd in [*LISTED, *UNOWNED]:
        assert rows[odd.id].faults == list(odd.faults), odd.name
    assert not items.open_failures().exists()
    stood_in = {row.name: row for row in rows.values() if is_stand_in(row.pk)}
    assert set(stood_in) == set(NO_ADDRESS)
    assert all(row.faults[0].startswith("_id ") for row in stood_in.values())
    assert comparison.reconcile() == 0
    assert comparison.reconcile(is_whole=True) == 0


def test_what_was_corrected_is_healthy_again(odd_store: Cast) -> None:
    for odd in LISTED:
        healthy = Odd(odd.name, {}).document(odd_store.northlight.internal_id)
        collection(store.NAME).replace_one({"_id": odd.id}, healthy)
    for name in NO_ADDRESS:
        collection(store.NAME).delete_one({"name_key": name})
    comparison.reconcile(is_whole=True)
    left = MirroredNamespace.objects.exclude(unreadable="")
    assert {row.pk for row in left} == {odd.id for odd in UNOWNED}
    assert not items.open_failures().exists()


@pytest.mark.parametrize("odd", BEYOND_JSON, ids=lambda odd: odd.name)
def test_what_the_server_does_not_store_is_mirrored_too(cast: Cast, odd: Odd) -> None:
    raw = odd.document(cast.northlight.internal_id)
    if odd.name == "id_object":
        return
    mirror.mirror_one(raw)
    row = MirroredNamespace.objects.get(pk=odd.id)
    assert row.faults == list(odd.faults)
    assert mirror.read_row(row).faults == odd.faults


# Lists -------------------------------------------------------------------------------


def test_every_list_shows_each_once(odd_store: Cast) -> None:
    actor = odd_store.actor()
    for sort in SORTS:
        shown: list[str] = []
        query = ListQuery(sort=sort, limit=20)
        while True:
            page = listing(actor, query)
            shown += [row.namespace_id for row in page.rows]
            if page.following is None:
                break
            query = ListQuery(sort=sort, limit=20, after=page.following)
        counted = Counter(shown)
        assert set(counted.values()) == {1}, sort
        assert {odd.id for odd in LISTED} <= set(counted)
        assert not {odd.id for odd in UNOWNED} & set(counted)
    odd_ones = listing(actor, ListQuery(unreadable=True, limit=200))
    listed = {row.namespace_id for row in odd_ones.rows}
    assert {key for key in listed if not is_stand_in(key)} == set(FAULTY)
    assert len(listed) == len(FAULTY) + len(NO_ADDRESS)
    assert count_facets(actor, ListQuery()).unreadable == len(listed)
    everything = listing(odd_store.actor("support"), ListQuery(limit=200))
    assert {odd.id for odd in UNOWNED} <= {row.pk for row in everything.rows}


def test_the_list_of_the_page_says_what_is_odd(odd_store: Cast) -> None:
    client = signed_in(odd_store, "admin")
    text, offset = "", 0
    while "Nothing matches" not in (page := shown(client, f"offset={offset}")):
        text, offset = text + page, offset + 25
        if offset > len(FAULTY) + len(NO_ADDRESS):
            break
    for odd_id, faults in FAULTY.items():
        assert text.count(f"<code>{odd_id}</code>") == 1, odd_id
        assert escape(faults[0]) in text


def shown(client: Client, query: str) -> str:
    response = client.get(f"/namespaces/?unreadable=1&sort=name&{query}")
    assert response.status_code == 200
    return response.content.decode()


def test_every_list_of_the_api_names_each_once(odd_store: Cast) -> None:
    call = Caller(odd_store)
    for view in ("full", "summary"):
        named: dict[str, Any] = {}
        cursor = ""
        while cursor is not None:
            query = f"?limit=50&view={view}" + (f"&cursor={cursor}" if cursor else "")
            response = call("POST", f"/namespaces/list{query}", {})
            assert response.status_code == 200, response.content
            answer = json.loads(response.content)
            for result in answer["results"]:
                assert result["namespace_id"] not in named
                named[result["namespace_id"]] = result.get("unreadable")
            cursor = answer["pagination"]["next_cursor"]
        found = {key: faults for key, faults in named.items() if faults}
        stood_in = {key: found.pop(key) for key in list(found) if is_stand_in(key)}
        assert found == FAULTY
        assert len(stood_in) == len(NO_ADDRESS)


# Opening -----------------------------------------------------------------------------


def test_each_can_be_opened_and_names_what_is_odd(odd_store: Cast) -> None:
    call, client = Caller(odd_store), signed_in(odd_store, "admin")
    for odd in LISTED:
        response = call("GET", f"/namespaces/{odd.id}")
        assert response.status_code == 200, (odd.name, response.content)
        answer = json.loads(response.content)
        assert answer.get("unreadable", []) == list(odd.faults)
        if odd.name not in BEYOND_THE_SHAPE:
            NamespaceModel.model_validate_json(response.content)
        page = client.get(f"/namespaces/{odd.id}/")
        assert page.status_code == 200, odd.name
        for fault in odd.faults:
            named = f'<li dir="auto">{escape(fault)}</li>'
            assert page.content.decode().count(named) == 1, odd.name


def test_what_has_no_address_can_be_read_and_nothing_else(odd_store: Cast) -> None:
    call = Caller(odd_store)
    for name in NO_ADDRESS:
        found = MirroredNamespace.objects.get(name=name)
        for identifier in (name, found.pk):
            response = call("GET", f"/namespaces/{identifier}")
            assert response.status_code == 200, (name, response.content)
            read = json.loads(response.content)
            assert read["namespace_id"] == found.pk
            assert read["unreadable"][0].startswith("_id ")
            refused = call("PATCH", f"/namespaces/{identifier}", {"description": "x"})
            assert refused.status_code == 409, (name, refused.content)
            assert error_of(refused)["code"] == "document_unreadable"


def test_every_page_of_some_is_an_answer(
    odd_store: Cast, subtests: pytest.Subtests
) -> None:
    for number, page in enumerate(PAGES):
        with subtests.test(page):
            ask_all(odd_store, page, [*LISTED, *UNOWNED][number % STEP :: STEP])


@pytest.mark.faults
@pytest.mark.parametrize("page", PAGES)
def test_every_page_of_each_is_an_answer(odd_store: Cast, page: str) -> None:
    ask_all(odd_store, page, [*LISTED, *UNOWNED])


def ask_all(cast: Cast, page: str, odd_ones: list[Odd]) -> None:
    client, staff = signed_in(cast, "admin"), signed_in(cast, "platform_admin")
    for odd in odd_ones:
        asking = staff if odd in UNOWNED else client
        response = asking.get(f"/{page.replace('<namespace_id>', odd.id)}")
        assert response.status_code < 500, (page, odd.name, response.content[-900:])


# Writing -----------------------------------------------------------------------------


WRITTEN = {
    "auto_create_indexes",
    "revision",
    "observed_revision",
    "updated_at",
    "changes",
}
INDEX: dict[str, Any] = {"payload_indexes": [{"field_name": "rank", "type": "integer"}]}


def test_a_write_keeps_the_odd_part_or_is_refused(odd_store: Cast) -> None:
    call = Caller(odd_store)
    for odd in LISTED:
        before = store.get(odd.id)
        path = f"/namespaces/{odd.id}"
        response = call("PATCH", path, {"auto_create_indexes": True})
        after = store.get(odd.id)
        assert before is not None
        assert after is not None
        if response.status_code == 200:
            moved = {key for key in before if after.get(key) != before[key]}
            assert moved <= WRITTEN, odd.name
        else:
            assert response.status_code == 409, (odd.name, response.content)
            assert after == before
            error = json.loads(response.content)["error"]
            if odd.name == "foreign_bytes":  # the embedded server writes no bytes
                assert error["code"] == "document_unwritable"
            else:
                assert error["code"] == "document_unreadable"
                assert odd.faults[0] in error["message"]
        response = call("PATCH", f"{path}?dry_run=true", INDEX)
        assert response.status_code in (200, 409, 503), (odd.name, response.content)


def test_what_a_plan_builds_on_must_be_readable(odd_store: Cast) -> None:
    call = Caller(odd_store)
    tier = {"infrastructure": {"max_workers": 4}}
    for name, body in (
        ("index_text", INDEX),
        ("extractor_nameless", INDEX),
        ("infra_text", tier),
        ("tier_unknown", tier),
    ):
        response = call("PATCH", f"/namespaces/ns_odd_{name}", body)
        assert response.status_code == 409, (name, response.content)
        assert json.loads(response.content)["error"]["code"] == "document_unreadable"
    for target in ("index_text", "extractor_nameless"):
        path = f"/namespaces/ns_odd_{target}/clone"
        response = call("POST", path, {"namespace_name": "a copy"})
        assert response.status_code == 409, response.content


def test_an_odd_value_can_be_replaced_by_a_good_one(odd_store: Cast) -> None:
    call = Caller(odd_store)
    for name, body in (
        ("workers_text", {"infrastructure": {"max_workers": 20}}),
        ("description_list", {"description": "a good one"}),
        ("name_long", {"namespace_name": "a shorter one"}),
    ):
        response = call("PATCH", f"/namespaces/ns_odd_{name}", body)
        assert response.status_code == 200, (name, response.content)
        assert "unreadable" not in json.loads(response.content)
        assert queries.get(odd_store.actor(), f"ns_odd_{name}").namespace.faults == ()
