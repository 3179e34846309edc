"""Who is told that a job has ended, and until when."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nsadmin.jobs import notices, queries
from nsadmin.jobs.execution.enqueue import resume
from nsadmin.jobs.models import Job, State
from tests.jobs.conftest import OWNER, Person, new_job

pytestmark = pytest.mark.django_db(transaction=True)
OTHER = Person(frozenset({"org_a"}), id="2", label="noor@northlight.example")


def ended(state: State = State.DONE, **extra: object) -> Job:
    job = new_job(1)
    values = {"state": state, "ended_at": timezone.now(), "settled": True, **extra}
    Job.objects.filter(pk=job.pk).update(**values)
    job.refresh_from_db()
    return job


def told(person: Person = OWNER, organization: str = "org_a") -> set[object]:
    return {job.pk for job in notices.latest(organization, person.id, limit=10)}


def test_the_person_who_started_it_is_told_and_nobody_else():
    done, failed = ended(), ended(State.FAILED)
    new_job(1)
    assert told() == {done.pk, failed.pk}
    assert told(OTHER) == told(organization="org_b") == set()


def test_jobs_of_keys_and_of_the_platform_tell_nobody():
    for kind in ("key", "system", "command"):
        ended(actor_kind=kind)
    assert told() == set()


def test_a_cancelled_job_is_told_if_another_person_cancelled_it():
    by_me, by_other = new_job(1), new_job(1)
    queries.cancel(OWNER, by_me.job_id)
    queries.cancel(OTHER, by_other.job_id)
    assert told() == {by_other.pk}


def test_what_was_seen_is_told_no_more_and_what_runs_again_is():
    job = ended(State.FAILED)
    notices.mark_seen(OTHER, [job])
    assert told() == {job.pk}
    notices.mark_seen(OWNER, [job])
    assert told() == set()
    with CaptureQueriesContext(connection) as statements:
        job.refresh_from_db()
        notices.mark_seen(OWNER, [job])
    assert len(statements) == 1, "nothing is written again"
    assert resume(job)
    Job.objects.filter(pk=job.pk).update(state=State.DONE)
    assert told() == {job.pk}


def test_an_end_that_was_read_before_a_resume_is_another_one():
    read = ended(State.FAILED)
    assert resume(Job.objects.get(pk=read.pk))
    Job.objects.filter(pk=read.pk).update(state=State.FAILED)
    notices.mark_seen(OWNER, [read])
    assert told() == {read.pk}


def test_one_is_dismissed_or_all_and_none_of_others():
    first, second, third = ended(), ended(), ended()
    others = ended(actor_id=OTHER.id)
    notices.dismiss(OWNER, "org_a", [first.pk, others.pk])
    assert told() == {second.pk, third.pk}
    notices.dismiss_all(OWNER, "org_a")
    assert told() == set()
    assert told(OTHER) == {others.pk}


def test_a_live_job_is_not_seen_beforehand():
    job = new_job(1)
    notices.mark_seen(OWNER, [job])
    notices.dismiss(OWNER, "org_a", [job.pk])
    Job.objects.filter(pk=job.pk).update(state=State.DONE)
    assert told() == {job.pk}
