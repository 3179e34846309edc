"""The key that a plan brings is sealed for it, shown nowhere, and dropped at its end."""

from datetime import timedelta

import pytest
from django.utils import timezone

from nsadmin.jobs import trimming
from nsadmin.namespaces.placement import clusters
from nsadmin.namespaces.schema import document
from nsadmin.plans.models import SavedPlan
from nsadmin.stores.mongo import namespaces as store
from tests.access.test_canary import everything_stored
from tests.cast import make_namespace
from tests.dedicated import KEY
from tests.pages.plans import confirm, edit_address, plan_address, shown_plan
from tests.pages.test_tier import wanted
from tests.people import PASSWORD


@pytest.fixture
def bare(cast):
    """An empty namespace, which moves without a job."""
    return make_namespace(cast.northlight, "bare", point_count=0)


@pytest.fixture
def shown(cast, bare, own_cluster):
    """A client, and the page of a plan that stores a key."""
    client = cast.browser()
    address = f"/namespaces/{bare.namespace_id}/infrastructure/"
    return client, shown_plan(client, address, wanted(own_cluster))


def test_it_is_stored_sealed_and_shown_nowhere(shown, cast):
    client, text = shown
    row = SavedPlan.objects.get()
    assert set(row.sealed) == {"kid", "nonce", "box"}
    assert KEY not in everything_stored()
    pages = [text, client.get(plan_address(text)).content.decode()]
    pages.append(client.get(edit_address(text)).content.decode())
    api = client.get(
        f"/v1/namespaces/{row.namespace_id}/plans/{row.plan_id}", headers=cast.bearer()
    )
    assert api.status_code == 200
    assert all(KEY not in page for page in [*pages, api.content.decode()])
    assert row.sealed["box"] not in api.content.decode()


def test_another_person_confirms_and_the_key_arrives(shown, cast, bare, second_client):
    _, text = shown
    theirs = second_client.get(plan_address(text)).content.decode()
    asked = confirm(second_client, theirs)
    assert asked.status_code == 422
    done = confirm(second_client, theirs, step_up_password=PASSWORD)
    assert done.status_code == 303
    namespace = document.read(store.get(bare.namespace_id))
    assert clusters.stored_key(namespace).reveal() == KEY
    row = SavedPlan.objects.get()
    assert (row.sealed, row.form) == (None, None)


def test_editing_again_keeps_it_for_the_same_address(shown, own_cluster, bare):
    client, text = shown
    edited = client.get(edit_address(text)).content.decode()
    assert "Entered; blank keeps what you entered" in edited
    held = edited.partition('name="key_held" value="')[2].partition('"')[0]
    address = f"/namespaces/{bare.namespace_id}/infrastructure/"
    again = wanted(own_cluster, qdrant_api_key="", key_held=held, max_workers="3")
    assert "Store the Qdrant API key" in shown_plan(client, address, again)


def test_it_is_dropped_when_the_plan_expires(shown):
    client, text = shown
    SavedPlan.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    client.get(plan_address(text))
    trimming.run()
    assert SavedPlan.objects.get().sealed is None


def test_a_sealed_key_of_one_plan_opens_no_other(shown, cast):
    row = SavedPlan.objects.get()
    other = SavedPlan.objects.get()
    other.pk, other.plan_id = None, "plan_of_another"
    other.save(force_insert=True)
    from nsadmin.plans.secret import secret_of

    assert secret_of(row).get_secret_value() == KEY
    assert secret_of(other) is None
