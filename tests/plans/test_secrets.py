"""The key that a plan brings is sealed for it, shown nowhere, and dropped at its end."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from nsadmin.jobs import trimming
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.placement import clusters
from nsadmin.namespaces.plan.plan import ChangeRequest
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.patch import NamespacePatch, parse_patch
from nsadmin.plans import service
from nsadmin.plans.models import SavedPlan
from nsadmin.stores.mongo import namespaces as store
from tests.access.test_canary import everything_stored
from tests.cast import make_namespace
from tests.dedicated import KEY, READ_ONLY_KEY
from tests.pages.plans import (
    confirm,
    edit_address,
    hidden,
    plan_address,
    shown_plan,
)
from tests.pages.test_tier import wanted
from tests.people import PASSWORD
from tests.plans.conftest import person


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


OTHER = "https://other.northlight.example:6333"


def at_another_address(bare):
    """Another admin moves the namespace, after the key was entered for its address."""
    raw = store.get(bare.namespace_id)
    place = {**raw["infrastructure"], "qdrant_url": OTHER}
    store.replace(raw, {**raw, "infrastructure": place, "revision": 9})


@pytest.fixture
def there(cast, bare, own_cluster):
    """The same namespace on a cluster of its own."""
    patch = parse_patch({"infrastructure": own_cluster.body()})
    commit.commit(cast.actor(), bare.namespace_id, patch)
    return bare


def infrastructure_of(reading):
    assert isinstance(reading.wanted, ChangeRequest | NamespacePatch)
    return reading.wanted.infrastructure


def address_of_key(actor, saved):
    sent = infrastructure_of(service.reading(actor, saved))
    return sent.get("qdrant_url"), "qdrant_api_key" in sent


def test_a_key_for_the_stored_address_never_goes_to_another(cast, there, own_cluster):
    """Not even if that is what the namespace has when the plan is confirmed."""
    maker = person(cast)
    patch = parse_patch({"infrastructure": {"qdrant_api_key": READ_ONLY_KEY}})
    saved = service.keep(maker, there.namespace_id, patch, source="api")
    at_another_address(there)
    assert address_of_key(maker, saved) == (own_cluster.url, True)


def test_nor_does_one_of_the_form(cast, there, own_cluster):
    client, maker = cast.browser(), person(cast)
    address = f"/namespaces/{there.namespace_id}/infrastructure/"
    text = client.get(address).content.decode()
    base = json.loads(hidden(text)["base"][0])
    sent = wanted(own_cluster, base=json.dumps(base), qdrant_api_key=READ_ONLY_KEY)
    shown_plan(client, address, sent)
    saved = SavedPlan.objects.latest("made_at")
    assert address_of_key(maker, saved) == (own_cluster.url, True)
    at_another_address(there)
    assert address_of_key(maker, saved) == (own_cluster.url, True)
    theirs = {"keep-qdrant_url": ["theirs"]}
    given_up = infrastructure_of(service.reading(maker, saved, theirs))
    assert "qdrant_api_key" not in given_up
