"""A new namespace on a cluster of one's own: its fields, its key, its errors."""

import pytest

from nsadmin.access.models import Organization
from nsadmin.namespaces.placement import clusters
from nsadmin.namespaces.schema import document
from nsadmin.plans.models import SavedPlan
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from tests.dedicated import KEY, RAY, READ_ONLY_KEY
from tests.pages.plans import confirm, edit_address
from tests.pages.test_creation import NEW, made, planned, typed
from tests.pages.test_tier import hidden, text_of
from tests.people import PASSWORD


def dedicated(client, own_cluster, **more):
    return typed(
        client,
        compute_tier="dedicated_cpu",
        qdrant_url=own_cluster.url,
        qdrant_api_key=KEY,
        ray_head_node_url=RAY,
        step_up_password=PASSWORD,
        **more,
    )


def test_the_whole_way_and_the_key_is_never_shown(browse, own_cluster, cast):
    client = browse()
    shown = planned(client, dedicated(client, own_cluster))
    assert "Review the plan" in shown
    begins = shown.partition("Initial state")[2]
    for said in ("Dedicated CPU", own_cluster.url, RAY, "Stored sealed, never shown"):
        assert f"<dd>{said}</dd>" in begins
    assert KEY not in shown
    saved = SavedPlan.objects.get()
    assert KEY not in str([saved.request, saved.form, saved.shown, saved.sealed])
    edited = client.get(edit_address(shown)).content.decode()
    assert own_cluster.url in edited
    assert KEY not in edited
    carried = {**hidden(edited), **dedicated(client, own_cluster), "qdrant_api_key": ""}
    assert "Review the plan" in planned(client, carried)
    done = confirm(client, shown, step_up_password=PASSWORD)
    assert done.status_code == 303
    assert SavedPlan.objects.get(pk=saved.pk).sealed is None
    namespace = document.read(made(cast))
    assert namespace.tier == "dedicated_cpu"
    assert clusters.stored_key(namespace).reveal() == KEY
    assert collections.get(own_cluster.cluster, namespace.collection) is not None


def test_the_password_is_asked_for_and_the_input_kept(browse, own_cluster, cast):
    client = browse()
    fields = dedicated(client, own_cluster)
    del fields["step_up_password"]
    shown = planned(client, fields)
    assert "Review the plan" in shown  # which creates nothing
    asked = text_of(confirm(client, shown), 422)
    assert "Confirm your password" in asked
    done = confirm(client, shown, step_up_password=PASSWORD)
    assert done.status_code == 303
    assert document.read(made(cast)).tier == "dedicated_cpu"


def test_a_shared_one_needs_no_password(browse, cast):
    client = browse()
    shown = planned(client, typed(client, compute_tier="shared"))
    assert "Review the plan" in shown
    assert "<dt>Tier</dt><dd>Shared</dd>" in shown


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"qdrant_api_key": READ_ONLY_KEY}, 'id="id_qdrant_api_key_error"'),
        ({"qdrant_api_key": ""}, "needs “Qdrant API key”"),
        ({"qdrant_url": ""}, 'id="id_qdrant_url_error"'),
        ({"qdrant_url": "http://169.254.169.254:6333"}, 'id="id_qdrant_url_error"'),
        ({"ray_head_node_url": "http://x"}, 'id="id_ray_head_node_url_error"'),
        ({"compute_tier": "dedicated_gpu"}, 'id="id_gpu_type_error"'),
        ({"compute_tier": "huge"}, 'id="id_compute_tier_error"'),
    ],
)
def test_bad_input_is_told_at_its_field_and_nothing_is_lost(
    browse, own_cluster, cast, change, said
):
    client = browse()
    asked = {**dedicated(client, own_cluster, description="Dawn."), **change}
    text = text_of(client.post(NEW, asked), 422)
    assert said in text
    assert "Dawn." in text
    assert made(cast) is None


def test_without_the_enterprise_subscription_it_is_not_offered(
    browse, own_cluster, cast
):
    Organization.objects.filter(pk=cast.northlight.pk).update(plan="pro")
    client = browse()
    assert 'name="compute_tier"' not in client.get(NEW).content.decode()
    refused = client.post(NEW, dedicated(client, own_cluster))
    assert "needs the Enterprise subscription" in text_of(refused, 403)
    assert store.find_by_name(cast.northlight.internal_id, "field recordings") is None
