"""A confirmed plan of a deleted namespace stays readable from the audit."""

from datetime import timedelta

import pytest
from django.utils import timezone

from nsadmin.namespaces.lifecycle import tombstones
from nsadmin.plans import service
from nsadmin.plans.models import SavedPlan
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo.connection import collection
from tests.plans.conftest import described, person


@pytest.fixture
def address(cast) -> str:
    """The address of a confirmed plan of a namespace that was deleted since."""
    saved = described(cast, "admin")
    service.confirm(person(cast), saved, ticks=set())
    tombstones.soft_delete(person(cast), cast.own.namespace_id)
    return f"/namespaces/{cast.own.namespace_id}/plans/{saved.plan_id}/"


def test_it_is_read_with_the_words_of_the_tombstone(cast, address):
    client = cast.browser()
    text = client.get(address).content.decode()
    assert "Confirmed plan" in text
    assert "Set the description." in text
    assert "It can be restored until" in text
    assert f"/namespaces/{cast.own.namespace_id}/deleted/" in text
    audit = client.get("/organization/audit/").content.decode()
    assert f'href="{address}"' in audit


def test_one_that_is_due_to_go_tells_no_past_time_to_come(cast, address):
    raw = store.get(cast.own.namespace_id)
    past = timezone.now() - timedelta(days=3)
    changed = {**raw, "purge_after": past, "revision": raw["revision"] + 1}
    assert store.replace(raw, changed)
    text = " ".join(cast.browser().get(address).content.decode().split())
    assert "It can be restored until it is deleted for good, which is due." in text


def test_who_sees_no_tombstones_reads_that_it_is_deleted(cast, address):
    text = cast.browser("viewer").get(address).content.decode()
    assert "This namespace is deleted." in text
    assert "/deleted/" not in text.partition("<main")[2]


def test_once_deleted_for_good_it_is_still_read(cast, address):
    collection(store.NAME).delete_one({"_id": cast.own.namespace_id})
    response = cast.browser().get(address)
    assert response.status_code == 200
    assert "This namespace is deleted." in response.content.decode()


def test_others_find_nothing_and_nothing_can_be_confirmed(cast, address):
    assert cast.browser("stranger").get(address).status_code == 404
    assert cast.browser("support").get(address).status_code == 404
    assert cast.browser().post(address, {"step": "confirm"}).status_code == 404
    cast.open_sessions()
    assert cast.browser("support").get(address).status_code == 200


def test_an_open_plan_of_a_deleted_namespace_is_none(cast):
    saved = described(cast, "admin")
    tombstones.soft_delete(person(cast), cast.own.namespace_id)
    address = f"/namespaces/{cast.own.namespace_id}/plans/{saved.plan_id}/"
    assert SavedPlan.objects.filter(confirmed_at=None).exists()
    assert cast.browser().get(address).status_code == 404
