"""Two addresses of one cluster, and other namespaces in the same collection."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from nsadmin.errors import Conflict
from nsadmin.jobs.models import Job, State
from nsadmin.moves import expiry
from nsadmin.namespaces.placement.cluster_share import ClusterShare
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.moving import fallback_of
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import make_namespace
from tests.clones.conftest import run_to_the_end
from tests.dedicated import OwnCluster
from tests.moves.conftest import COUNT, SHARED, Mover, content


@pytest.fixture
def other_address(own_cluster: OwnCluster, settings: Any) -> str:
    """Another address of the second cluster, which the operator lists too."""
    port = urlsplit(own_cluster.url).port
    settings.NSADMIN_CLUSTER_HOSTS = [own_cluster.listed, f"localhost:{port}=*"]
    assert urlsplit(own_cluster.url).hostname != "localhost"
    return f"http://localhost:{port}"


def test_a_collection_left_behind_is_not_entered_by_another_address(
    mover: Mover, own_cluster: OwnCluster, other_address: str
) -> None:
    assert mover.move(own_cluster.body()).state == State.DONE
    assert mover.move(SHARED).state == State.DONE
    # As many points are there, but the collection is to be deleted one day.
    with pytest.raises(Conflict) as fault:
        mover.begin(own_cluster.body(qdrant_url=other_address))
    assert fault.value.code == "collection_left_behind"
    assert cluster_of(mover.now) == shared()
    later = timezone.now() + timedelta(days=8)
    assert expiry.run(now=later)["dropped"] == 1
    assert len(content(shared(), mover.name)) == COUNT
    # Once it is gone, the other address is one like any other.
    body = own_cluster.body(qdrant_url=other_address)
    assert mover.move(body).state == State.DONE


def test_another_address_of_the_same_cluster_moves_no_points(
    mover: Mover, own_cluster: OwnCluster, other_address: str
) -> None:
    assert mover.move(own_cluster.body()).state == State.DONE
    body = own_cluster.body(qdrant_url=other_address)
    assert mover.begin(body).task_id == ""
    assert cluster_of(mover.now).url == other_address
    assert len(content(own_cluster.cluster, mover.name)) == COUNT


def test_a_collection_with_points_of_others_is_not_left_without_them(
    mover: Mover, own_cluster: OwnCluster
) -> None:
    make_namespace(
        mover.cast.northlight,
        "in the same collection",
        in_qdrant=False,
        infrastructure=mover.raw["infrastructure"],
    )
    own_cluster.receive(mover.namespace)
    with pytest.raises(Conflict) as fault:
        mover.begin(own_cluster.body())
    assert fault.value.code == "collection_shared"
    assert collections.get(shared(), mover.name) is not None


@dataclass(frozen=True, slots=True)
class MovesBack(ClusterShare):
    """A share whose namespace begins to move back between being listed and its turn."""

    mover: Mover | None = None
    asked: list[str] = field(default_factory=list)

    def covers(self, namespace: Namespace) -> bool:
        """Every cluster; the second question comes when the item has its turn."""
        self.asked.append(namespace.namespace_id)
        if len(self.asked) == 2 and self.mover is not None:
            self.mover.begin(SHARED)
        return True


def test_a_namespace_that_moves_back_keeps_what_was_due_when_it_was_listed(
    mover: Mover, own_cluster: OwnCluster
) -> None:
    wanted = content(shared(), mover.name)
    assert mover.move(own_cluster.body()).state == State.DONE
    later = timezone.now() + timedelta(days=8)
    found = expiry.run(MovesBack(mover=mover), now=later)
    assert found == {"dropped": 0, "failed": 0}
    job = run_to_the_end(Job.objects.get(kind="move", state=State.QUEUED))
    assert job.state == State.DONE, job.error
    assert mover.tier() == "shared"
    assert content(shared(), mover.name) == wanted


def test_nothing_moves_to_a_collection_that_is_being_deleted(
    mover: Mover, own_cluster: OwnCluster
) -> None:
    assert mover.move(own_cluster.body()).state == State.DONE
    assert mover.move(SHARED).state == State.DONE
    own_cluster.server.stop()
    later = timezone.now() + timedelta(days=8)
    try:
        assert expiry.run(now=later) == {"dropped": 0, "failed": 1}
    finally:
        own_cluster.server.restart()
    assert fallback_of(mover.now) is not None
    with pytest.raises(Conflict, match="is being deleted"):
        mover.begin(own_cluster.body())
    assert expiry.run(now=later) == {"dropped": 1, "failed": 0}
    assert mover.begin(own_cluster.body()).task_id


def test_a_place_whose_old_collection_is_gone_is_moved_to_anew(
    mover: Mover, own_cluster: OwnCluster
) -> None:
    wanted = content(shared(), mover.name)
    assert mover.move(own_cluster.body()).state == State.DONE
    collections.drop(shared(), mover.name)
    job = mover.move(SHARED)
    assert job.state == State.DONE, job.error
    assert job.inputs["is_back"] is False
    assert content(shared(), mover.name) == wanted
