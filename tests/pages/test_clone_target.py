"""Where a clone runs: the choice, the fields of a cluster, the key, the errors."""

import pytest

from nsadmin.access.models import Organization
from nsadmin.jobs.models import Job
from nsadmin.namespaces.placement import clusters
from nsadmin.namespaces.schema import document
from nsadmin.plans.models import SavedPlan
from nsadmin.stores.mongo import namespaces as store
from tests.cast import make_namespace
from tests.dedicated import KEY, RAY, READ_ONLY_KEY
from tests.pages.plans import accepted, confirm, edit_address, shown_plan, start_clone
from tests.pages.test_tier import hidden, text_of
from tests.people import PASSWORD

INPUT = {"namespace_name": "a copy", "collections": "on", "retrievers": "on"}


@pytest.fixture
def address(own):
    return f"{own}clone/"


@pytest.fixture
def dedicated_source(cast, own_cluster):
    """A namespace of Northlight on its own cluster."""
    made = make_namespace(cast.northlight, "on its own")
    own_cluster.receive(made)
    raw = store.get(made.namespace_id)
    infrastructure = {
        **raw["infrastructure"],
        "compute_tier": "dedicated_cpu",
        "qdrant_url": own_cluster.url,
        "ray_head_node_url": RAY,
        "qdrant_api_key_sealed": clusters.seal_key(
            KEY,
            internal_id=raw["internal_id"],
            namespace_id=raw["_id"],
            url=own_cluster.url,
        ),
    }
    assert store.replace(raw, {**raw, "infrastructure": infrastructure})
    return document.read(store.get(made.namespace_id))


def elsewhere(own_cluster, **more):
    return {
        **INPUT,
        "compute_tier": "dedicated_cpu",
        "qdrant_url": own_cluster.url,
        "qdrant_api_key": KEY,
        "ray_head_node_url": RAY,
        "step_up_password": PASSWORD,
        **more,
    }


def test_a_shared_source_is_cloned_beside_it_by_default(browse, address):
    client = browse()
    form = text_of(client.get(address))
    assert "The cluster of the source" not in form
    assert "Another one" not in form, "the source has none of its own"
    shown = shown_plan(client, address, INPUT)
    assert "on the shared cluster" in shown.replace("\n", " ").replace("  ", "")


def test_a_clone_on_another_cluster_and_its_key_never_shows(
    browse, address, own_cluster
):
    client = browse()
    shown = shown_plan(client, address, elsewhere(own_cluster))
    assert "Review the clone" in shown
    assert "Key can read and write" in shown or "Qdrant answers" in shown
    assert "The clone goes to another cluster than its source." in shown
    assert KEY not in shown
    saved = SavedPlan.objects.get()
    assert KEY not in str([saved.request, saved.form, saved.shown, saved.sealed])
    assert "Nothing was started" in text_of(confirm(client, shown), 422)
    assert not Job.objects.exists()
    edited = client.get(edit_address(shown)).content.decode()
    assert KEY not in edited
    assert own_cluster.url in edited
    done = confirm(client, shown, **accepted(shown))
    assert done.status_code == 302
    assert SavedPlan.objects.get().sealed is None
    job = Job.objects.get()
    clone = document.read(store.get(job.namespace_id))
    assert (clone.tier, job.queue) == ("dedicated_cpu", "transfers")
    assert clusters.stored_key(clone).reveal() == KEY
    assert KEY not in str(job.inputs)


def test_the_password_is_asked_for_before_a_key_is_used(browse, address, own_cluster):
    client = browse()
    fields = elsewhere(own_cluster)
    del fields["step_up_password"]
    asked = text_of(client.post(address, fields), 422)
    assert "Confirm your password" in asked
    again = {**hidden(asked), "step_up_password": PASSWORD}
    assert "Review the clone" in shown_plan(client, address, again)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"qdrant_api_key": READ_ONLY_KEY}, 'id="id_qdrant_api_key_error"'),
        ({"qdrant_api_key": ""}, 'id="id_qdrant_api_key_error"'),
        ({"qdrant_url": "http://10.0.0.1:6333"}, 'id="id_qdrant_url_error"'),
        ({"ray_head_node_url": ""}, 'id="id_ray_head_node_url_error"'),
        ({"compute_tier": "source"}, "The source is on the shared cluster."),
    ],
)
def test_bad_input_is_told_and_nothing_is_lost(
    browse, address, own_cluster, change, said
):
    sent = {**elsewhere(own_cluster, description="A copy."), **change}
    text = text_of(browse().post(address, sent), 422)
    assert said in text
    assert "A copy." in text
    assert not Job.objects.exists()


def test_a_dedicated_source_offers_its_own_cluster_first(browse, dedicated_source):
    client = browse()
    address = f"/namespaces/{dedicated_source.namespace_id}/clone/"
    form = text_of(client.get(address))
    assert "The cluster of the source" in form
    assert 'value="source" checked' in form
    shown = shown_plan(client, address, {**INPUT, "compute_tier": "source"})
    assert "the dedicated cluster" in shown
    shared = shown_plan(client, address, {**INPUT, "compute_tier": "shared"})
    assert "The clone goes to the shared one, which" in shared
    assert set(accepted(shared)) == {"accept_place"}


def test_only_who_may_change_a_tier_may_send_the_data_to_another_cluster(
    browse, address, own_cluster, dedicated_source
):
    client = browse("member")
    form = text_of(client.get(address))
    assert 'value="shared"' in form
    assert 'value="dedicated_' not in form
    refused = text_of(client.post(address, elsewhere(own_cluster)), 403)
    assert KEY not in refused
    assert not Job.objects.exists()
    own = f"/namespaces/{dedicated_source.namespace_id}/clone/"
    shown = shown_plan(client, own, {**INPUT, "compute_tier": "source"})
    assert "the dedicated cluster" in shown


def test_without_the_enterprise_subscription_there_is_no_choice(browse, cast, address):
    Organization.objects.filter(pk=cast.northlight.pk).update(plan="pro")
    assert 'name="compute_tier"' not in text_of(browse().get(address))


def test_an_address_that_is_silent_is_a_fault_beside_it(
    browse, address, own_cluster, settings
):
    settings.NSADMIN_CLUSTER_HOSTS = ["127.0.0.1:9=*"]
    sent = elsewhere(own_cluster, qdrant_url="http://127.0.0.1:9")
    text = text_of(browse().post(address, sent), 422)
    assert 'id="id_qdrant_url_error"' in text
    assert "Qdrant does not answer" in text


def test_what_the_chosen_tier_hides_is_not_stored(browse, address, own_cluster):
    client = browse()
    sent = elsewhere(own_cluster, gpu_type="T4", gpus_per_worker="2")
    start_clone(client, address, sent)
    clone = document.read(store.get(Job.objects.get().namespace_id))
    assert clone.infrastructure.get("gpu_type") is None
