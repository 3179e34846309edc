"""Counts after a clone: the proven number where it is read, and the age of others."""

from datetime import timedelta

import pytest
from django.utils import timezone

from nsadmin.clones.request import CloneRequest
from nsadmin.clones.start import launch
from nsadmin.jobs.execution.runner import run_once
from nsadmin.jobs.models import State
from nsadmin.namespaces.mirror import mirror
from nsadmin.namespaces.models import LastLook, MirroredNamespace
from nsadmin.namespaces.read import probe, queries
from nsadmin.namespaces.read.counts import counts_of
from nsadmin.namespaces.schema import document
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import points
from nsadmin.stores.qdrant.cluster import shared
from tests.clones.conftest import run_to_the_end

pytestmark = pytest.mark.usefixtures("by_pages")


def test_a_clone_that_has_just_become_ready_has_the_proven_number(
    world, source, settings
):
    job = launch(world.actor(), source.namespace_id, CloneRequest("staging")).job
    while "points" not in (job.progress or {}).get("stages", []) and not job.cursor.get(
        "done"
    ):
        run_once(job.job_id, slice_s=0)
        job.refresh_from_db()
    # Somebody looks while the copy runs: that number is soon an old one.
    half = document.read(store.get(job.namespace_id))
    probe.probe_collection(half, timeout_s=5)
    LastLook.objects.filter(namespace_id=job.namespace_id).update(
        live={**LastLook.objects.get(namespace_id=job.namespace_id).live, "points": 7}
    )
    job = run_to_the_end(job)
    assert job.state == State.DONE
    settings.NSADMIN_QDRANT_URL = "http://127.0.0.1:9"  # nobody asks Qdrant again
    assert counts_of(job.namespace_id).documents == 40
    row = MirroredNamespace.objects.get(namespace_id=job.namespace_id)
    assert (row.document_count, row.clone_status) == (40, "ready")
    view = queries.get_stored(world.actor(), job.namespace_id)
    assert queries.snapshot(view).live.points == 40


def test_an_old_number_carries_its_age(world, source):
    probe.probe_collection(source, timeout_s=5)
    long_ago = timezone.now() - timedelta(days=3)
    LastLook.objects.filter(namespace_id=source.namespace_id).update(live_at=long_ago)
    mirror.record_snapshot(LastLook.objects.get(namespace_id=source.namespace_id))
    points.delete(shared(), source.collection, where={"must": [{"has_id": [1, 3]}]})
    counted = counts_of(source.namespace_id)
    assert (counted.documents, counted.documents_at) == (40, long_ago)
    row = MirroredNamespace.objects.get(namespace_id=source.namespace_id)
    assert (row.document_count, row.document_count_at) == (40, long_ago)
    probe.probe_collection(source, timeout_s=5)
    counted = counts_of(source.namespace_id)
    assert counted.documents == 38
    assert counted.documents_at > long_ago
    LastLook.objects.filter(namespace_id=source.namespace_id).delete()
    MirroredNamespace.objects.update(document_count=None, document_count_at=None)
    counted = counts_of(source.namespace_id)
    assert (counted.documents, counted.documents_at) == (None, None)
