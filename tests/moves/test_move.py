"""A namespace moves with its points, in every direction, and back again."""

from datetime import timedelta

import pytest
from django.utils import timezone

from nsadmin.audit.models import AuditEvent
from nsadmin.errors import Conflict
from nsadmin.jobs.models import Job, State
from nsadmin.moves import back, expiry
from nsadmin.moves.collection import MOVED_UNTIL, mark_of
from nsadmin.moves.preview import forecast
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.plan.patch_request import PatchRequest
from nsadmin.namespaces.schema.moving import MOVED, MOVING, fallback_of, move_of
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.plans.models import SavedPlan
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import shared
from tests.clones.conftest import run_to_the_end
from tests.dedicated import KEY, OwnCluster
from tests.moves.conftest import COUNT, SHARED, Mover, content, job_of


def test_the_plan_says_that_a_job_moves_the_points(
    mover: Mover, own_cluster: OwnCluster
) -> None:
    shown = mover.preview(own_cluster.body())
    [check] = [c for c in shown.checks if c.name == "vectors"]
    assert (check.state, check.sentence) == ("ok", "60 points are moved by a job")
    assert shown.moves_points
    assert not shown.is_blocked
    [warning] = shown.plan.warnings
    assert "go to the shared cluster, and nothing else" in warning.sentence
    assert f"then they go to {own_cluster.url}. The collection" in warning.sentence
    assert "on the shared cluster is kept for 7 days" in warning.sentence
    assert KEY not in repr(shown)
    assert mover.raw["revision"] == 1


def test_accepting_changes_nothing_but_the_move(
    mover: Mover, own_cluster: OwnCluster
) -> None:
    before = mover.raw["infrastructure"]
    outcome = mover.begin(own_cluster.body())
    assert outcome.converged
    assert outcome.view.namespace.tier == "shared"
    assert mover.raw["infrastructure"] == before
    assert cluster_of(mover.now) == shared()
    move = move_of(mover.now)
    assert move is not None
    assert move.task_id == outcome.task_id
    job = job_of(outcome)
    assert (job.kind, job.queue, job.state) == ("move", "transfers", State.QUEUED)
    assert job.title == f"Move “fleet photos” to {own_cluster.url}"
    event = AuditEvent.objects.get()
    assert (event.action, event.outcome) == ("namespace:move", "attempted")


@pytest.mark.parametrize("pause", [False, True])
def test_a_shared_namespace_moves_to_a_dedicated_cluster(
    mover: Mover, own_cluster: OwnCluster, *, pause: bool
) -> None:
    wanted = content(shared(), mover.name)
    job = mover.move(own_cluster.body(), pause=pause)
    assert job.state == State.DONE, job.error
    assert cluster_of(mover.now).url == own_cluster.url
    assert content(own_cluster.cluster, mover.name) == wanted
    assert len(wanted) == COUNT
    there = collections.get(own_cluster.cluster, mover.name)
    here = collections.get(shared(), mover.name)
    assert there is not None
    assert here is not None
    assert set(there.indexes) == set(here.indexes)
    assert (mark_of(there, MOVING), mark_of(there, MOVED)) == ("", "")
    assert mark_of(here, MOVED) == str(job.job_id)
    assert mark_of(here, MOVED_UNTIL)
    raw = mover.raw
    assert "move" not in raw
    assert "writes_paused_until" not in raw
    assert raw["observed_revision"] == raw["revision"]
    left = fallback_of(mover.now)
    assert left is not None
    assert left.until is not None
    days = left.until - timezone.now()
    assert timedelta(days=6, hours=23) < days < timedelta(days=7)
    assert all(row["equal"] for row in job.outputs["proof"])
    assert job.outputs["sample"]["equal"] == COUNT
    assert AuditEvent.objects.get(op_id=job.op_id).outcome == "done"
    row = MirroredNamespace.objects.get(namespace_id=mover.namespace.namespace_id)
    assert row.tier == "dedicated_cpu"
    assert "sealed" not in str(row.document.content)
    points.put(shared(), mover.name, [])  # the old collection may be written again


def test_every_revision_of_a_move_has_a_row_in_the_audit(
    mover: Mover, own_cluster: OwnCluster
) -> None:
    assert mover.move(own_cluster.body(), pause=True).state == State.DONE
    later = timezone.now() + timedelta(days=8)
    assert expiry.run(now=later)["dropped"] == 1
    rows = AuditEvent.objects.filter(namespace_id=mover.namespace.namespace_id)
    told = {row.revision: row.summary for row in rows}
    assert sorted(told) == list(range(2, mover.raw["revision"] + 1))
    assert {row.outcome for row in rows} == {"done"}
    assert told[3] == "Announced for the move: no writes for 120 s"
    assert told[4].startswith("Switched to http")
    assert told[mover.raw["revision"]].endswith("is no longer kept")


@pytest.mark.parametrize("is_expired", [False, True])
def test_it_moves_on_to_another_cluster_and_to_the_shared_one(
    mover: Mover,
    own_cluster: OwnCluster,
    third_cluster: OwnCluster,
    *,
    is_expired: bool,
) -> None:
    wanted = content(shared(), mover.name)
    assert mover.move(own_cluster.body()).state == State.DONE
    gpu = third_cluster.body(
        compute_tier="dedicated_gpu", gpu_type="A100", gpus_per_worker=1
    )
    job = mover.move(gpu)
    assert job.state == State.DONE, job.error
    assert mover.tier() == "dedicated_gpu"
    assert content(third_cluster.cluster, mover.name) == wanted
    # The shared cluster's collection is older: the way back leads to the last place.
    assert len(mover.raw["retired_fallbacks"]) == 1
    if is_expired:
        assert expiry.run()["dropped"] == 1
        assert "retired_fallbacks" not in mover.raw
        assert collections.get(shared(), mover.name) is None
    changed = next(iter(wanted))
    points.delete(
        third_cluster.cluster, mover.name, where={"must": [{"has_id": [changed]}]}
    )
    del wanted[changed]
    job = mover.move(SHARED)
    assert job.state == State.DONE, job.error
    assert job.inputs["is_back"] is not is_expired
    assert len(mover.raw.get("retired_fallbacks", [])) == 1
    assert mover.tier() == "shared"
    assert content(shared(), mover.name) == wanted
    assert "qdrant_api_key_sealed" not in mover.raw["infrastructure"]


def test_another_tier_at_the_same_address_moves_no_points(
    mover: Mover, own_cluster: OwnCluster
) -> None:
    assert mover.move(own_cluster.body()).state == State.DONE
    gpu = {"compute_tier": "dedicated_gpu", "gpu_type": "A100", "gpus_per_worker": 1}
    outcome = mover.begin(gpu)
    assert outcome.task_id == ""
    assert mover.tier() == "dedicated_gpu"


def test_the_way_back_brings_the_old_collection_up_to_date(
    mover: Mover, own_cluster: OwnCluster
) -> None:
    assert mover.move(own_cluster.body()).state == State.DONE
    rows, _ = points.page(own_cluster.cluster, mover.name, with_vectors=True)
    points.delete(
        own_cluster.cluster, mover.name, where={"must": [{"has_id": [rows[0]["id"]]}]}
    )
    changed = {**rows[1], "payload": {**rows[1]["payload"], "title": "changed"}}
    points.put(own_cluster.cluster, mover.name, [changed])
    index = {"payload_indexes": [{"field_name": "title", "type": "keyword"}]}
    actor, key = mover.cast.actor(), mover.namespace.namespace_id
    from nsadmin.namespaces.change import commit

    commit.commit(actor, key, PatchRequest(parse_patch(index)))
    wanted = content(own_cluster.cluster, mover.name)
    page = f"/namespaces/{key}/infrastructure/back/"
    admin = mover.cast.browser("admin")
    assert "What would be moved" in admin.get(page).content.decode()
    assert not SavedPlan.objects.exists(), "a GET keeps nothing"
    planned = admin.post(page, follow=True).content.decode()
    assert "Review the plan" in planned
    # What the move set is removed again, with the key.
    for word in ("Ray head node", "Qdrant address", "stored Qdrant API key"):
        assert f"Remove the {word}" in planned, word
    assert "Compared with those that are kept there" in planned
    assert "Copied as they are" not in planned
    shown = back.preview(actor, key)
    assert not shown.is_blocked
    assert KEY not in repr(shown)
    job = run_to_the_end(job_of(back.start(actor, key, digest=shown.plan.digest)))
    assert job.state == State.DONE, job.error
    assert "transfer" not in {stage["key"] for stage in job.progress["stages"]}
    assert content(shared(), mover.name) == wanted
    assert mover.tier() == "shared"
    assert "ray_head_node_url" not in mover.raw["infrastructure"]
    here = collections.get(shared(), mover.name)
    assert here is not None
    assert mark_of(here, MOVED) == ""
    assert "title" in here.indexes
    # And forward again, by the same way, with the key that is still kept.
    job = run_to_the_end(job_of(back.start(actor, key, pause_writes=True)))
    assert job.state == State.DONE, job.error
    assert cluster_of(mover.now).url == own_cluster.url
    assert content(own_cluster.cluster, mover.name) == wanted


def test_the_old_collection_goes_after_its_days(
    mover: Mover, own_cluster: OwnCluster
) -> None:
    actor, key = mover.cast.actor(), mover.namespace.namespace_id
    mover.move(own_cluster.body())
    assert expiry.run() == {"dropped": 0, "failed": 0}
    later = timezone.now() + timedelta(days=8)
    assert expiry.dedicated_clusters(later) == []
    assert expiry.run(now=later) == {"dropped": 1, "failed": 0}
    assert collections.get(shared(), mover.name) is None
    assert "fallback" not in mover.raw
    assert expiry.run(now=later) == {"dropped": 0, "failed": 0}
    with pytest.raises(Conflict, match="no old collection") as fault:
        back.start(actor, key)
    assert fault.value.code == "fallback_gone"
    assert len(content(own_cluster.cluster, mover.name)) == COUNT


def test_a_collection_that_another_program_made_there_is_not_dropped(
    mover: Mover, own_cluster: OwnCluster
) -> None:
    mover.move(own_cluster.body())
    live = collections.get(shared(), mover.name)
    assert live is not None
    collections.drop(shared(), mover.name)
    collections.create_like(shared(), mover.name, live.raw)
    later = timezone.now() + timedelta(days=8)
    assert expiry.run(now=later) == {"dropped": 0, "failed": 0}
    assert collections.get(shared(), mover.name) is not None
    assert "fallback" not in mover.raw


def test_the_forecast_takes_the_rate_of_earlier_transfers(
    mover: Mover, own_cluster: OwnCluster
) -> None:
    told = {"way": "stream", "points": 1000, "seconds": 200}
    Job.objects.create(
        kind="move",
        title="An earlier move",
        organization_id=mover.cast.northlight.organization_id,
        internal_id=mover.cast.northlight.internal_id,
        actor_kind="user",
        actor_id="u",
        actor_label="u",
        state=State.DONE,
        ended_at=timezone.now(),
        outputs={"transfer": {**told, "target": own_cluster.cluster.label}},
    )
    found = forecast(mover.preview(own_cluster.body()))
    assert found is not None
    assert found.choice is not None
    assert (found.choice.way, found.choice.seconds) == ("stream", COUNT / 5)
    assert found.moves == 0
    assert found.fast_s is not None
    assert found.slow_s is not None
    assert found.choice.seconds < found.fast_s < found.slow_s


def test_the_forecast_is_of_whole_moves_and_of_what_they_sent(
    mover: Mover, own_cluster: OwnCluster
) -> None:
    first = mover.preview(own_cluster.body())
    found = forecast(first)
    assert found is not None
    assert found.choice is not None
    assert found.choice.sent is None, "nothing was measured yet"
    job = mover.move(own_cluster.body())
    told = job.outputs["transfer"]
    assert told["held"] > 0
    later = forecast(mover.preview(SHARED))
    assert later is not None
    assert later.choice is None, "the collection is there already"
    assert later.fast_s is not None
    assert later.slow_s is not None
