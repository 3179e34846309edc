"""A namespace that real workers move to a second server, which a test may break too."""

import random
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from nsadmin.access.actor import Actor
from nsadmin.jobs.models import Job, State
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.plan.patch_request import PatchRequest
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import Cluster, shared
from tests.dedicated import OwnCluster
from tests.faults import clones
from tests.faults.plant import Plant, until
from tests.faults.transfers import remains
from tests.moves.conftest import content

QUEUES: Final = "jobs,transfers"
# What each accepted or ended operation changes.
_COUNTED: Final = {"revision", "observed_revision", "updated_at", "changes"}
_ENDED: Final = "ended"


@dataclass
class Route:
    """Both ends of moves: the plant's shared server and a second one."""

    plant: Plant
    new: OwnCluster
    new_dir: Path

    def harm(self, victim: str, job: Job, *, away_s: float = 0.2) -> bool:
        """Kill the job's worker, or the `old` or `new` server, which comes back."""
        if victim == "worker":
            pid = int(job.owner.split(":")[1]) if ":" in (job.owner or "") else 0
            if job.state != State.RUNNING or pid not in self.plant.workers.pids:
                return False
            self.plant.workers.kill(pid)
            return True
        server = self.plant.qdrant if victim == "old" else self.new.server
        server.kill()
        time.sleep(away_s)
        server.restart()
        return True


@dataclass
class Journey:
    """One namespace, and what it was before its move."""

    route: Route
    actor: Actor
    namespace: Namespace
    document: dict[str, Any] = field(init=False)
    content: dict[Any, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.document = _uncounted(self.raw)
        self.content = content(shared(), self.name)

    @property
    def name(self) -> str:
        """The name of its collection."""
        return self.namespace.collection

    @property
    def raw(self) -> dict[str, Any]:
        """The stored document."""
        found = store.get(self.namespace.namespace_id)
        assert found is not None
        return found

    @property
    def now(self) -> Cluster:
        """The cluster that the document names."""
        return cluster_of(document.read(self.raw))

    def begin(self, *, pause: bool) -> Job:
        """Accept the move to the second server; its job is sent."""
        patch = parse_patch({"infrastructure": self.route.new.body()})
        request = PatchRequest(patch, pause_writes=pause)
        outcome = commit.commit(self.actor, self.namespace.namespace_id, request)
        return Job.objects.get(job_id=outcome.task_id)

    def require_moved(self, job: Job, *, same_points: bool = True) -> None:
        """The namespace is on the second server, and nothing of the move is left."""
        assert (job.state, job.error) == (State.DONE, "")
        assert self.now.url == self.route.new.url
        assert {"move", "writes_paused_until"}.isdisjoint(self.raw)
        assert self.raw["fallback"]["task_id"] == str(job.job_id)
        if same_points:
            assert content(self.route.new.cluster, self.name) == self.content
            assert content(shared(), self.name) == self.content
        self._require_released(self.route.new.cluster)
        self._require_nothing_left()

    def require_as_before(self, job: Job) -> None:
        """The namespace is as it was, and nothing of the move is left."""
        assert job.state in (State.FAILED, State.CANCELLED)
        now = _uncounted(self.raw)
        differing = {
            key: (self.document.get(key), now.get(key))
            for key in self.document.keys() | now.keys()
            if self.document.get(key) != now.get(key)
        }
        assert not differing, differing
        assert content(shared(), self.name) == self.content
        assert collections.get(self.route.new.cluster, self.name) is None
        here = collections.get(shared(), self.name)
        assert here is not None
        assert "nsadmin_move" not in str(here.raw.get("metadata"))
        self._require_nothing_left()

    def close(self) -> None:
        """Delete the namespace and its collections."""
        store.delete(self.namespace.namespace_id, revision=self.raw["revision"])
        for cluster in (shared(), self.route.new.cluster):
            collections.drop(cluster, self.name)

    def _require_released(self, cluster: Cluster) -> None:
        """The collection has neither a limit on writes nor the mark of a move."""
        live = collections.get(cluster, self.name)
        assert live is not None
        assert not (live.raw.get("strict_mode_config") or {}).get("enabled")
        assert "nsadmin_moving" not in str(live.raw.get("metadata"))

    def _require_nothing_left(self) -> None:
        self._require_released(shared())
        for cluster in (shared(), self.route.new.cluster):
            remains.require_none(cluster, set(collections.names(cluster)))
        for folder in (self.route.plant.qdrant_dir, self.route.new_dir):
            remains.require_no_staging(folder)


def depart(route: Route, *, count: int, actor: Actor | None = None) -> Journey:
    """Make a namespace of so many points, which is to be moved."""
    actor = actor or route.plant.actor(role="admin")
    name = f"journey {time.monotonic_ns()}"
    return Journey(route, actor, clones.make_source(actor, name, count=count))


def stage_of(job: Job) -> str:
    """The key of the stage that runs now; "ended" afterwards."""
    if not clones.refreshed(job).is_live:
        return _ENDED
    stages = (job.progress or {}).get("stages", [])
    return next((s["key"] for s in stages if s["state"] == "running"), "")


def reach(job: Job, stage: str, chance: random.Random | None = None) -> bool:
    """Wait until the stage runs, and a moment more; False if the job ended before."""
    until(lambda: stage_of(job) in (stage, _ENDED), f"{stage} runs", within_s=90)
    if chance is not None:
        time.sleep(chance.uniform(0, 0.2))
    return stage_of(job) != _ENDED


def ended(job: Job) -> Job:
    """Wait until the job has ended, and its end is recorded."""
    until(lambda: not clones.refreshed(job).is_live, "the move ends", within_s=120)
    until(lambda: clones.refreshed(job).settled, "it is settled", within_s=60)
    return job


def _uncounted(raw: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in raw.items() if key not in _COUNTED}
