"""Questions that are composed once are asked with the times of each call."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nsadmin.jobs.models import Job
from nsadmin.stores import composed
from tests.jobs.conftest import new_job

pytestmark = pytest.mark.django_db

calls: list[str] = []


def _between(after, before) -> "QuerySet[Job]":
    calls.append("composed")
    rows = Job.objects.filter(created_at__gt=after, created_at__lte=before)
    return rows.filter(kind="orders", cancel_requested=False).order_by("title")


def test_it_is_asked_with_the_times_of_each_call():
    now, hour = timezone.now(), timedelta(hours=1)
    assert not composed.exist(_between, now - hour, now + hour)
    job = new_job()
    Job.objects.filter(pk=job.pk).update(kind="orders", created_at=now)
    with CaptureQueriesContext(connection) as queries:
        assert composed.exist(_between, now - hour, now + hour)
        assert composed.exist(_between, now - timedelta(microseconds=1), now)
        assert not composed.exist(_between, now, now + hour)
        assert not composed.exist(_between, now - 2 * hour, now - hour)
    assert len(queries) == 4
    assert calls == ["composed"]
    Job.objects.update(cancel_requested=True)
    assert not composed.exist(_between, now - hour, now + hour)
