"""Where a clone is made: shared, its source's cluster, or another dedicated one."""

import pytest
from pydantic import SecretStr

from nsadmin.access.models import Organization, Plan
from nsadmin.clones.preview import preview
from nsadmin.clones.request import CloneRequest
from nsadmin.clones.start import launch
from nsadmin.clones.target import DedicatedTarget
from nsadmin.errors import Conflict, Invalid, NotEnabled
from nsadmin.jobs.models import Job, State
from nsadmin.namespaces.placement.clusters import seal_key, stored_key
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.payload_indexes import PROTECTED_INDEXES
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import shared
from tests.clones.conftest import require_verified, run_to_the_end
from tests.clones.sources import make_source
from tests.dedicated import KEY, RAY, READ_ONLY_KEY, OwnCluster, own_cluster

__all__ = ["own_cluster"]  # a fixture


def _dedicated(source: Namespace, own: OwnCluster, *, key: str = KEY) -> Namespace:
    """The same namespace on the dedicated cluster, with all its points."""
    own.receive(source)
    raw = store.get(source.namespace_id)
    sealed = seal_key(
        key,
        internal_id=source.internal_id,
        namespace_id=source.namespace_id,
        url=own.url,
    )
    placed = {
        **raw["infrastructure"],
        "compute_tier": "dedicated_cpu",
        "qdrant_url": own.url,
        "ray_head_node_url": RAY,
        "qdrant_api_key_sealed": sealed,
    }
    store.replace(raw, {**raw, "infrastructure": placed, "revision": 2})
    return document.read(store.get(source.namespace_id))


def _place(job: Job) -> dict:
    return store.get(job.namespace_id)["infrastructure"]


def test_a_dedicated_source_has_its_clone_beside_it(world, source, own_cluster):
    dedicated = _dedicated(source, own_cluster)
    request = CloneRequest("staging")
    shown = preview(world.actor(), dedicated.namespace_id, request)
    host = own_cluster.url.removeprefix("http://")
    assert (shown.tier, shown.cluster) == (
        "dedicated_cpu",
        f"the dedicated cluster {host}",
    )
    assert {check.name: check.state for check in shown.checks} == {
        "address": "ok",
        "qdrant": "ok",
        "key": "ok",
    }
    assert shown.transfer.points == 40
    job = run_to_the_end(launch(world.actor(), dedicated.namespace_id, request).job)
    assert (job.state, job.error) == (State.DONE, "")
    require_verified(job)
    place = _place(job)
    assert (place["compute_tier"], place["qdrant_url"], place["ray_head_node_url"]) == (
        "dedicated_cpu",
        own_cluster.url,
        RAY,
    )
    assert points.count(own_cluster.cluster, job.namespace_id) == 40
    assert collections.get(shared(), job.namespace_id) is None


def test_the_key_is_sealed_anew_for_the_clone(world, source, own_cluster):
    dedicated = _dedicated(source, own_cluster)
    job = launch(world.actor(), dedicated.namespace_id, CloneRequest("staging")).job
    clone = document.read(store.get(job.namespace_id))
    assert stored_key(clone).reveal() == KEY
    sealed = clone.infrastructure["qdrant_api_key_sealed"]
    assert sealed != dedicated.infrastructure["qdrant_api_key_sealed"]
    assert KEY not in repr(Job.objects.get(job_id=job.job_id).inputs)


def test_shared_may_be_chosen(world, source, own_cluster):
    dedicated = _dedicated(source, own_cluster)
    request = CloneRequest("staging", target="shared")
    shown = preview(world.actor(), dedicated.namespace_id, request)
    assert (shown.tier, shown.cluster) == ("shared", "the shared cluster")
    job = run_to_the_end(launch(world.actor(), dedicated.namespace_id, request).job)
    assert (job.state, job.error) == (State.DONE, "")
    require_verified(job)
    assert _place(job)["compute_tier"] == "shared"
    assert "qdrant_api_key_sealed" not in _place(job)
    assert points.count(shared(), job.namespace_id) == 40


def _settings(source: Namespace, **values: object) -> None:
    """Change settings of the source's infrastructure."""
    raw = store.get(source.namespace_id)
    changed = {**raw["infrastructure"], **values}
    store.replace(raw, {**raw, "infrastructure": changed, "revision": 3})


def test_a_clone_on_the_same_tier_has_the_settings_of_its_source(world, source):
    kept = {
        "autoscaling_enabled": False,
        "min_workers": 2,
        "max_workers": 3,
        "max_concurrent_jobs": 4,
        "description": "For the archive",
    }
    _settings(source, **kept)
    shown = preview(world.actor(), source.namespace_id, CloneRequest("staging"))
    assert not [told for told in shown.losses.lost if told.startswith("Settings")]
    job = launch(world.actor(), source.namespace_id, CloneRequest("staging")).job
    assert {name: _place(job)[name] for name in kept} == kept


def test_settings_that_another_tier_does_not_take_over_are_told(
    world, source, own_cluster
):
    dedicated = _dedicated(source, own_cluster)
    _settings(dedicated, autoscaling_enabled=False, max_workers=4, max_custom_models=2)
    request = CloneRequest("staging", target="shared")
    shown = preview(world.actor(), dedicated.namespace_id, request)
    told = (
        "Settings of the infrastructure differ from the source's: autoscaling on "
        "instead of off, maximum number of workers 10 instead of 4 and number of "
        "custom models 0 instead of 2."
    )
    assert told in shown.losses.lost
    job = run_to_the_end(launch(world.actor(), dedicated.namespace_id, request).job)
    assert told in job.outputs["dropped"]
    assert _place(job)["autoscaling_enabled"] is True


def test_settings_do_not_come_into_another_organization(world, source):
    world.open_sessions("platform_admin")
    _settings(source, max_concurrent_jobs=900)
    organization_id = world.northlight.organization_id
    request = CloneRequest("staging", source_organization_id=organization_id)
    staff = world.actor("platform_admin")
    shown = preview(staff, source.namespace_id, request)
    assert "jobs at once 10 instead of 900" in shown.losses.lost[-1]
    job = launch(staff, source.namespace_id, request).job
    assert _place(job)["max_concurrent_jobs"] == 10


def test_another_cluster_is_given_with_its_key(world, source, own_cluster):
    sent = {**own_cluster.body(), "qdrant_api_key": SecretStr(KEY)}
    request = CloneRequest("staging", target=DedicatedTarget(sent))
    assert KEY not in repr(request)
    shown = preview(world.actor(), source.namespace_id, request)
    assert shown.tier == "dedicated_cpu"
    job = run_to_the_end(launch(world.actor(), source.namespace_id, request).job)
    assert (job.state, job.error) == (State.DONE, "")
    require_verified(job)
    assert job.outputs["transfer"]["way"] != "snapshot"
    assert points.count(own_cluster.cluster, job.namespace_id) == 40


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"qdrant_api_key": "wrong"}, "qdrant_api_key"),
        ({"qdrant_api_key": READ_ONLY_KEY}, "qdrant_api_key"),
        ({"qdrant_api_key": None}, "qdrant_api_key"),
        ({"qdrant_url": "http://127.0.0.1:1"}, "qdrant_url"),
        ({"ray_head_node_url": None}, "ray_head_node_url"),
    ],
)
def test_what_the_preview_refuses_the_start_refuses(
    world, source, own_cluster, change, field
):
    sent = {**own_cluster.body(), **change}
    request = CloneRequest("staging", target=DedicatedTarget(sent))
    for act in (preview, launch):
        with pytest.raises(Invalid) as caught:
            act(world.actor(), source.namespace_id, request)
        assert list(caught.value.errors) == [f"infrastructure.{field}"]
    assert Job.objects.count() == 0


def test_a_source_whose_key_may_only_read_cannot_have_its_clone_there(
    world, source, own_cluster
):
    dedicated = _dedicated(source, own_cluster, key=READ_ONLY_KEY)
    for act in (preview, launch):
        with pytest.raises(Conflict) as caught:
            act(world.actor(), dedicated.namespace_id, CloneRequest("staging"))
        assert caught.value.code == "target_refused"
        assert "Key can only read" in caught.value.message


def test_a_key_never_goes_into_another_organization(world, source, own_cluster):
    world.open_sessions("platform_admin")
    dedicated = _dedicated(source, own_cluster)
    staff = world.actor("platform_admin")
    organization_id = world.northlight.organization_id
    request = CloneRequest("staging", source_organization_id=organization_id)
    job = launch(staff, dedicated.namespace_id, request).job
    assert _place(job)["compute_tier"] == "shared"
    assert not [key for key in _place(job) if "api_key" in key]
    wanted = CloneRequest("x", source_organization_id=organization_id, target="source")
    with pytest.raises(Invalid) as caught:
        launch(staff, dedicated.namespace_id, wanted)
    assert "another organization" in caught.value.errors["target"][0]


def test_a_subscription_without_dedicated_clusters_has_the_shared_one(
    world, source, own_cluster
):
    dedicated = _dedicated(source, own_cluster)
    Organization.objects.filter(pk=world.northlight.pk).update(plan=Plan.PRO)
    actor = world.actor()
    job = launch(actor, dedicated.namespace_id, CloneRequest("staging")).job
    assert _place(job)["compute_tier"] == "shared"
    with pytest.raises(NotEnabled):
        launch(actor, dedicated.namespace_id, CloneRequest("y", target="source"))


def test_a_shared_source_has_no_cluster_of_its_own(world, source):
    with pytest.raises(Invalid) as caught:
        launch(world.actor(), source.namespace_id, CloneRequest("x", target="source"))
    assert caught.value.errors == {"target": ["The source is on the shared cluster."]}


def test_a_silent_cluster_of_the_source_is_waited_for(world, source, own_cluster):
    dedicated = _dedicated(source, own_cluster)
    own_cluster.server.kill()
    try:
        job = launch(world.actor(), dedicated.namespace_id, CloneRequest("staging")).job
    finally:
        own_cluster.server.restart()
    assert (run_to_the_end(job).state, job.error) == (State.DONE, "")


def test_clones_of_a_source_that_is_here(world):
    shown = preview(
        world.actor(),
        make_source(world.northlight, "here").namespace_id,
        CloneRequest("staging"),
    )
    assert (shown.tier, shown.checks) == ("shared", ())
    assert shown.transfer.way == "snapshot"


def test_a_clone_by_snapshot_has_the_indexes_that_its_source_lacks(world, source):
    """Those of a source whose creation is still carried out come while it is copied."""
    collections.drop_index(shared(), source.collection, "created_at")
    job = launch(world.actor(), source.namespace_id, CloneRequest("staging")).job
    job = run_to_the_end(job)
    assert (job.state, job.error) == (State.DONE, "")
    assert job.outputs["transfer"]["way"] == "snapshot"
    live = collections.get(shared(), job.namespace_id)
    assert live.indexes.keys() >= PROTECTED_INDEXES.keys()
