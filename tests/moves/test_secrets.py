"""No key of a cluster is told or kept anywhere while a namespace moves, or afterwards."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from nsadmin.audit.models import AuditEvent
from nsadmin.errors import Conflict
from nsadmin.jobs.models import ItemFailure, State
from nsadmin.moves import back, expiry
from nsadmin.moves.context import site_of
from nsadmin.namespaces.change import key_rotation
from nsadmin.namespaces.mirror import comparison
from nsadmin.namespaces.placement import clusters
from nsadmin.namespaces.schema.moving import (
    fallback_of,
    move_of,
    with_infrastructure,
)
from nsadmin.stores.mongo import namespaces as store
from tests.access.test_canary import everything_stored
from tests.clones.conftest import run_to_the_end
from tests.dedicated import KEY, OwnCluster
from tests.moves.conftest import SHARED, Mover, job_of, slices

NEW = "t2:" + "B" * 43 + "="


def boxes_of(found: object) -> list[str]:
    """Return every sealed box in a document."""
    if isinstance(found, list):
        return [box for item in found for box in boxes_of(item)]
    if not isinstance(found, dict):
        return []
    own = [str(found["box"])] if isinstance(found.get("box"), str) else []
    return own + [box for value in found.values() for box in boxes_of(value)]


def require_sealed(mover: Mover, told: str) -> None:
    """The key is nowhere in plain, and its boxes are in the document alone."""
    comparison.reconcile()
    said = {"told": told, **everything_stored()}
    assert [where for where, text in said.items() if KEY in text] == []
    boxes = boxes_of(mover.raw)
    assert boxes
    for box in boxes:
        holders = [where for where, text in said.items() if box in text]
        assert holders == ["mongodb namespaces"]


def test_no_key_is_told_while_it_moves_and_afterwards(
    mover: Mover, own_cluster: OwnCluster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    outcome = mover.begin(own_cluster.body())
    job = job_of(outcome)
    require_sealed(mover, f"{outcome.plan} {outcome.plan.to_json()} {caplog.text}")
    slices(job, 4)
    require_sealed(mover, caplog.text)
    assert run_to_the_end(job).state == State.DONE
    require_sealed(mover, caplog.text)
    assert mover.move(SHARED).state == State.DONE
    require_sealed(mover, caplog.text)  # that of the fallback
    later = timezone.now() + timedelta(days=8)
    assert expiry.dedicated_clusters(later) == [own_cluster.url]
    assert expiry.run(now=later)["dropped"] == 1
    assert boxes_of(mover.raw) == []


def test_keys_under_way_are_sealed_anew(
    mover: Mover, own_cluster: OwnCluster, settings: Any
) -> None:
    job = job_of(mover.begin(own_cluster.body()))
    settings.NSADMIN_SEAL_KEYS = [NEW, *settings.NSADMIN_SEAL_KEYS]
    assert key_rotation.rotate().rotated == 1
    assert key_rotation.rotate().current == 1
    settings.NSADMIN_SEAL_KEYS = [NEW]
    move = move_of(mover.now)
    assert move is not None
    key = clusters.stored_key(with_infrastructure(mover.now, move.infrastructure))
    assert key is not None
    assert key.reveal() == KEY
    assert run_to_the_end(job).state == State.DONE
    assert mover.move(SHARED).state == State.DONE
    left = fallback_of(mover.now)
    assert left is not None
    kept = site_of(with_infrastructure(mover.now, left.infrastructure)).cluster
    assert kept.plain_key == KEY


def test_an_old_cluster_that_is_gone_is_given_up_after_days(
    mover: Mover, own_cluster: OwnCluster, settings: Any
) -> None:
    settings.NSADMIN_PLAN_TIMEOUT_S = 1
    assert mover.move(own_cluster.body()).state == State.DONE
    assert mover.move(SHARED).state == State.DONE
    later = timezone.now() + timedelta(days=8)
    own_cluster.server.stop()
    try:
        for _ in range(5):
            assert expiry.run(now=later) == {"dropped": 0, "failed": 1}
        row = ItemFailure.objects.get(loop="move_expiry", resolved_at=None)
        assert (row.item, row.times) == (mover.namespace.namespace_id, 5)
        much_later = later + timedelta(days=8)
        assert expiry.run(now=much_later) == {"dropped": 0, "failed": 0}
    finally:
        own_cluster.server.restart()
    assert "fallback" not in mover.raw
    assert boxes_of(mover.raw) == []
    event = AuditEvent.objects.get(action="namespace:leave-collection")
    assert own_cluster.url in event.summary
    assert store.get(mover.namespace.namespace_id) is not None
    with pytest.raises(Conflict, match="no old collection"):
        back.start(mover.cast.actor(), mover.namespace.namespace_id)
