"""Where a namespace runs is changed: gate, preflight, sealing, routing, over real stores."""

import socket
import threading
from typing import Any

import pytest

from nsadmin.access.models import Organization
from nsadmin.audit.models import AuditEvent
from nsadmin.errors import Conflict, Invalid, NotEnabled, Unavailable
from nsadmin.jobs.models import Job
from nsadmin.namespaces.change import commit as changes
from nsadmin.namespaces.change.converge import converge
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.placement import clusters
from nsadmin.namespaces.read import probe
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.stores import redis
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import make_namespace
from tests.dedicated import KEY, RAY, READ_ONLY_KEY


def commit(cast, given, **options):
    patch = parse_patch({"infrastructure": given})
    return changes.commit(cast.actor(), cast.own.namespace_id, patch, **options)


def preview(cast, given):
    patch = parse_patch({"infrastructure": given})
    return changes.preview(cast.actor(), cast.own.namespace_id, patch)


def states(shown):
    return {check.name: check.state for check in shown.checks}


def stored(cast):
    return store.get(cast.own.namespace_id)


def test_a_namespace_moves_to_the_cluster_that_has_its_points(cast, own_cluster):
    own_cluster.receive(cast.own)
    shown = preview(cast, own_cluster.body())
    assert states(shown) == {
        **dict.fromkeys(["plan", "address", "qdrant", "key", "vectors", "jobs"], "ok"),
        "ray": "unknown",
    }
    assert stored(cast)["revision"] == 1
    outcome = commit(cast, own_cluster.body(), digest=shown.plan.digest)
    assert outcome.converged
    namespace = document.read(stored(cast))
    assert clusters.cluster_of(namespace).url == own_cluster.url
    collections.drop(shared(), namespace.collection)
    assert probe.actual_collection(namespace).points == 3
    assert probe.probe_collection(namespace, timeout_s=2).live.points == 3


def test_qdrant_steps_go_to_the_namespaces_own_cluster(cast, own_cluster):
    own_cluster.receive(cast.own)
    commit(cast, own_cluster.body())
    index = {"payload_indexes": [{"field_name": "title", "type": "keyword"}]}
    patch = parse_patch(index)
    assert changes.commit(cast.actor(), cast.own.namespace_id, patch).converged
    there = collections.get(own_cluster.cluster, cast.own.collection)
    assert "title" in there.indexes
    assert "title" not in collections.get(shared(), cast.own.collection).indexes


def test_no_secret_is_anywhere_but_sealed_in_the_document(cast, own_cluster):
    own_cluster.receive(cast.own)
    shown = preview(cast, own_cluster.body())
    outcome = commit(cast, own_cluster.body())
    said = f"{shown} {shown.plan.to_json()} {outcome} {stored(cast)}"
    said += str(list(AuditEvent.objects.values()))
    said += str(list(MirroredNamespace.objects.values()))
    assert KEY not in said
    event = AuditEvent.objects.get()
    secret = next(c for c in event.changes if c["kind"] == "set_secret")
    assert (secret["before"], secret["after"]) == (None, "••••••")
    sealed = stored(cast)["infrastructure"]["qdrant_api_key_sealed"]
    assert sealed["set_by"] == cast.actor().label
    assert "qdrant_api_key_sealed" not in str(MirroredNamespace.objects.get(
        namespace_id=cast.own.namespace_id).document.content)  # fmt: skip


def test_a_second_time_changes_nothing(cast, own_cluster):
    own_cluster.receive(cast.own)
    commit(cast, own_cluster.body())
    again = commit(cast, own_cluster.body())
    assert again.plan.is_empty
    assert stored(cast)["revision"] == 2


def test_another_key_is_another_plan(cast, own_cluster):
    own_cluster.receive(cast.own)
    shown = preview(cast, own_cluster.body(qdrant_api_key="something-else"))
    with pytest.raises(Conflict, match="digest does not match the plan"):
        commit(cast, own_cluster.body(), digest=shown.plan.digest)


def test_a_collection_with_other_points_there_stands_against_it(cast, own_cluster):
    own_cluster.receive(cast.own, leave_out=1)
    shown = preview(cast, own_cluster.body())
    assert shown.is_blocked
    assert not shown.moves_points
    with pytest.raises(Conflict, match="3 points here, 2 there") as fault:
        commit(cast, own_cluster.body())
    assert fault.value.code == "collection_taken"
    assert stored(cast)["revision"] == 1
    assert not AuditEvent.objects.exists()
    assert not Job.objects.exists()


def test_the_points_of_others_in_the_same_collection_are_not_moved(cast, own_cluster):
    make_namespace(
        cast.northlight,
        "in the same collection",
        in_qdrant=False,
        infrastructure=stored(cast)["infrastructure"],
    )
    with pytest.raises(Conflict, match="Other namespaces have points") as fault:
        commit(cast, own_cluster.body())
    assert fault.value.code == "collection_shared"


@pytest.fixture
def bare(cast):
    """A namespace of Northlight whose collection has no points."""
    indexes = {"rank": {"type": "integer"}}
    return make_namespace(cast.northlight, "bare", indexes=indexes, point_count=0)


def move(cast, namespace, given, **options):
    patch = parse_patch({"infrastructure": given})
    return changes.commit(cast.actor(), namespace.namespace_id, patch, **options)


def shape(cluster, namespace):
    live = collections.get(cluster, namespace.collection)
    return live.points, set(live.vectors), set(live.indexes)


def test_an_empty_namespace_moves_and_its_collection_is_made_there(
    cast, own_cluster, bare
):
    before = shape(shared(), bare)
    patch = parse_patch({"infrastructure": own_cluster.body()})
    shown = changes.preview(cast.actor(), bare.namespace_id, patch)
    assert not shown.is_blocked
    assert not shown.qdrant_silent
    assert states(shown)["vectors"] == "ok"
    assert shown.plan.makes_collection
    assert collections.get(own_cluster.cluster, bare.collection) is None
    outcome = move(cast, bare, own_cluster.body(), digest=shown.plan.digest)
    assert outcome.converged
    raw = store.get(bare.namespace_id)
    assert raw["observed_revision"] == raw["revision"] == 2
    assert "pending" not in raw
    assert [e["field_name"] for e in raw["payload_indexes"]] == ["rank"]
    assert shape(own_cluster.cluster, bare) == before
    assert shape(shared(), bare) == before
    assert AuditEvent.objects.get().outcome == "done"
    assert move(cast, bare, own_cluster.body()).plan.is_empty


@pytest.mark.parametrize("is_left", [True, False])
def test_an_empty_namespace_comes_back(cast, own_cluster, bare, is_left):
    before = shape(shared(), bare)
    move(cast, bare, own_cluster.body())
    collections.drop_index(shared(), bare.collection, "rank")
    if not is_left:
        collections.drop(shared(), bare.collection)
    outcome = move(cast, bare, {"compute_tier": "shared"})
    assert outcome.converged
    assert outcome.view.namespace.tier == "shared"
    assert shape(shared(), bare) == before


def test_it_is_not_done_before_the_collection_is_there(cast, own_cluster, bare):
    """Another process holds the namespace: the steps wait, and the sweep does them."""
    lock = f"converge:{bare.namespace_id}"
    assert redis.claim(lock, milliseconds=60_000)
    outcome = move(cast, bare, own_cluster.body())
    assert not outcome.converged
    assert AuditEvent.objects.get().outcome == "accepted"
    raw = store.get(bare.namespace_id)
    assert raw["observed_revision"] < raw["revision"]
    assert collections.get(own_cluster.cluster, bare.collection) is None
    redis.release(lock)
    assert converge(raw).observed
    assert shape(own_cluster.cluster, bare) == shape(shared(), bare)


def test_an_empty_namespace_does_not_take_over_points_of_others(
    cast, own_cluster, bare
):
    live = collections.get(shared(), bare.collection)
    collections.create_like(own_cluster.cluster, bare.collection, live.raw)
    rows, _ = points.page(shared(), cast.own.collection, with_vectors=True)
    points.put(own_cluster.cluster, bare.collection, rows[:2])
    with pytest.raises(Conflict, match="0 points here, 2 there"):
        move(cast, bare, own_cluster.body())


def test_a_lost_collection_is_not_made_by_moving(cast, own_cluster, bare):
    collections.drop(shared(), bare.collection)
    with pytest.raises(Conflict, match="No collection") as fault:
        move(cast, bare, own_cluster.body())
    assert fault.value.code == "collection_missing"


def test_a_key_that_may_only_read_is_refused_for_an_empty_one_too(
    cast, own_cluster, bare
):
    with pytest.raises(Invalid) as fault:
        move(cast, bare, own_cluster.body(qdrant_api_key=READ_ONLY_KEY))
    assert set(fault.value.errors) == {"infrastructure.qdrant_api_key"}
    assert store.get(bare.namespace_id)["revision"] == 1


def test_points_that_are_not_there_are_moved_by_a_job(cast, own_cluster):
    own_cluster.receive(cast.own)
    assert commit(cast, own_cluster.body()).task_id == ""
    collections.drop(shared(), cast.own.collection)
    outcome = commit(cast, {"compute_tier": "shared"})
    assert outcome.task_id == stored(cast)["move"]["task_id"]
    assert outcome.view.namespace.tier == "dedicated_cpu"


def test_a_key_that_may_only_read_is_found_without_writing(cast, own_cluster):
    own_cluster.receive(cast.own)
    given = own_cluster.body(qdrant_api_key=READ_ONLY_KEY)
    assert states(preview(cast, given))["key"] == "blocks"
    assert states(preview(cast, given))["vectors"] == "ok"
    with pytest.raises(Invalid) as fault:
        commit(cast, given)
    assert set(fault.value.errors) == {"infrastructure.qdrant_api_key"}
    wrong = own_cluster.body(qdrant_api_key="wrong")
    with pytest.raises(Invalid, match="refuses this key"):
        commit(cast, wrong)
    [vectors] = [c for c in preview(cast, wrong).checks if c.name == "vectors"]
    assert (vectors.state, vectors.silent) == ("blocks", False)
    assert "refused the key" in vectors.sentence
    there = collections.get(own_cluster.cluster, cast.own.collection)
    assert there.points == 3


def test_a_new_address_without_its_key_is_refused_and_nothing_is_dialled(
    cast, own_cluster, settings
):
    own_cluster.receive(cast.own)
    commit(cast, own_cluster.body())
    with listening() as (port, arrived):
        host = f"127.0.0.1:{port}"
        settings.NSADMIN_CLUSTER_HOSTS = [own_cluster.listed, f"{host}=*"]
        for url in (f"http://{host}", f"http://{host}/", f"HTTP://{host}"):
            with pytest.raises(Invalid) as fault:
                commit(cast, {"qdrant_url": url})
            assert set(fault.value.errors) == {"infrastructure.qdrant_api_key"}
    assert not arrived


def test_an_address_that_is_not_listed_is_refused(cast, own_cluster, settings):
    settings.NSADMIN_CLUSTER_HOSTS = []
    settings.NSADMIN_CLUSTER_PORTS = [own_cluster.port]
    shown = preview(cast, own_cluster.body())
    assert states(shown)["address"] == "blocks"
    with pytest.raises(Invalid) as fault:
        commit(cast, own_cluster.body())
    assert fault.value.code == "address_refused"
    assert set(fault.value.errors) == {"infrastructure.qdrant_url"}


def test_the_guard_stands_at_every_connection_not_only_at_the_change(
    cast, own_cluster, settings
):
    own_cluster.receive(cast.own)
    commit(cast, own_cluster.body())
    namespace = document.read(stored(cast))
    # A connection that is open stays with the address that was checked.
    own_cluster.server.restart()
    settings.NSADMIN_CLUSTER_HOSTS = []
    with pytest.raises(Invalid):
        probe.actual_collection(namespace)


def test_a_silent_cluster_is_waited_for_as_long_as_a_plan_waits(cast, settings):
    settings.NSADMIN_PLAN_TIMEOUT_S = 0.5
    with listening(answers=False) as (port, _):
        settings.NSADMIN_CLUSTER_HOSTS = [f"127.0.0.1:{port}=*"]
        given = {
            "compute_tier": "dedicated_cpu",
            "qdrant_url": f"http://127.0.0.1:{port}",
            "qdrant_api_key": KEY,
            "ray_head_node_url": RAY,
        }
        shown = preview(cast, given)
        assert states(shown)["qdrant"] == "blocks"
        with pytest.raises(Unavailable):
            commit(cast, given)
    assert stored(cast)["revision"] == 1


def test_a_job_or_an_undecided_clone_stands_against_it(cast, own_cluster):
    own_cluster.receive(cast.own)
    failed = make_namespace(
        cast.northlight,
        "half a clone",
        in_qdrant=False,
        clone_status="failed",
        source_namespace_id=cast.own.namespace_id,
    )
    with pytest.raises(
        Conflict, match="half a clone is a failed clone of this namespace"
    ):
        commit(cast, own_cluster.body())
    MirroredNamespace.objects.filter(namespace_id=failed.namespace_id).delete()
    job = Job.objects.create(
        kind="clone",
        organization_id=cast.northlight.organization_id,
        source_namespace_id=cast.own.namespace_id,
        title="Clone it",
    )
    with pytest.raises(Conflict, match="Clone it") as fault:
        commit(cast, own_cluster.body())
    assert fault.value.details["task_id"] == str(job.job_id)


def test_a_move_is_alone_in_its_request(cast, own_cluster):
    body = {
        "infrastructure": own_cluster.body(),
        "payload_indexes": [{"field_name": "title", "type": "keyword"}],
    }
    with pytest.raises(Invalid) as fault:
        changes.commit(cast.actor(), cast.own.namespace_id, parse_patch(body))
    assert set(fault.value.errors) == {"infrastructure"}


@pytest.mark.parametrize("plan", ["free", "pro", "team"])
def test_other_plans_change_no_infrastructure(cast, plan):
    Organization.objects.filter(pk=cast.northlight.pk).update(plan=plan)
    for given in ({"max_concurrent_jobs": 5}, {"compute_tier": "dedicated_cpu"}):
        for act in (preview, commit):
            with pytest.raises(NotEnabled):
                act(cast, given)
    shown = {"compute_tier": "shared", "qdrant_collection": cast.own.collection}
    assert commit(cast, shown).plan.is_empty
    assert stored(cast)["revision"] == 1


def test_the_keys_of_other_writers_stay(cast, own_cluster):
    raw = stored(cast)
    infrastructure = {**raw["infrastructure"], "theirs": {"kept": 1}}
    assert store.replace(raw, {**raw, "infrastructure": infrastructure, "more": [1]})
    own_cluster.receive(cast.own)
    commit(cast, own_cluster.body())
    assert stored(cast)["infrastructure"]["theirs"] == {"kept": 1}
    assert stored(cast)["more"] == [1]


def test_a_key_in_plain_that_another_writer_left_goes_with_the_next(cast, own_cluster):
    raw = stored(cast)
    left = {**raw["infrastructure"], "qdrant_api_key": "canary in plain"}
    assert store.replace(raw, {**raw, "infrastructure": left})
    own_cluster.receive(cast.own)
    commit(cast, own_cluster.body())
    assert "canary in plain" not in str(stored(cast))


class listening:  # noqa: N801 - used as a block
    """A port that counts who connects; it may keep them waiting."""

    def __init__(self, *, answers: bool = True) -> None:
        self._answers = answers

    def __enter__(self):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._arrived: list[Any] = []
        self._kept: list[Any] = []
        threading.Thread(target=self._accept, daemon=True).start()
        return self._socket.getsockname()[1], self._arrived

    def _accept(self) -> None:
        while True:
            try:
                connection, address = self._socket.accept()
            except OSError:
                return
            self._arrived.append(address)
            self._kept.append(connection)
            if self._answers:
                connection.close()

    def __exit__(self, *_) -> None:
        self._socket.close()
        for connection in self._kept:
            connection.close()
