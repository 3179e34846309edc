"""How many jobs of one organization run at once, and whose turn is next."""

import threading
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from nsadmin.access.models import Organization
from nsadmin.jobs import places, queries
from nsadmin.jobs.execution import admission, slots
from nsadmin.jobs.execution.cancellation import abort, cancel
from nsadmin.jobs.execution.enqueue import resume
from nsadmin.jobs.execution.runner import run_once
from nsadmin.jobs.execution.sweeper import sweep
from nsadmin.jobs.models import Job, State
from nsadmin.jobs.places import Place
from nsadmin.jobs.queues import CLUSTERS, JOBS
from nsadmin.jobs.registry import slot_count
from tests.jobs.conftest import new_job

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _subscriptions():
    for letter, plan in (("a", "pro"), ("b", "pro"), ("c", "free"), ("e", "unheard")):
        Organization.objects.create(
            organization_id=f"org_{letter}",
            internal_id=f"int_{letter}",
            name=f"Organization {letter}",
            plan=plan,
        )


def job_of(letter: str, **extra) -> Job:
    job = new_job(organization_id=f"org_{letter}", **extra)
    job.refresh_from_db()
    return job


def holders(letter: str) -> list[Job]:
    rows = Job.objects.filter(organization_id=f"org_{letter}", slot__isnull=False)
    return list(rows.order_by("slot"))


def test_the_subscription_says_how_many_run(settings):
    settings.NSADMIN_JOB_SLOTS = {"free": 1, "pro": 2, "enterprise": 5}
    assert [slot_count(f"org_{x}") for x in "abcex"] == [2, 2, 1, 1, 1]


def test_a_third_job_of_two_slots_waits_and_says_so(sent):
    jobs = [job_of("a") for _ in range(3)]
    assert [job.slot for job in jobs] == [2, 1, None]
    assert jobs[2].waiting == (
        "Waits for a free slot: 2 of 2 jobs of your organization run."
    )
    assert sent() == [(str(job.job_id), 0) for job in jobs[:2]]
    assert run_once(jobs[2].job_id) is None
    assert sweep() == 0
    run_once(jobs[0].job_id)
    assert sweep() == 1
    jobs[2].refresh_from_db()
    assert (jobs[2].slot, jobs[2].waiting) == (2, "")
    assert sent() == [(str(jobs[2].job_id), 0)]
    assert run_once(jobs[2].job_id) is State.DONE


def test_twelve_jobs_of_one_member_leave_the_next_place_to_others(sent):
    many = [job_of("a") for _ in range(12)]
    other = job_of("b")
    assert sent() == [(str(job.job_id), 0) for job in (*many[:2], other)]


def test_a_job_keeps_its_slot_over_slices_and_gives_it_back_while_it_waits(
    sent, orders, away
):
    first, second, third = (job_of("a") for _ in range(3))
    run_once(first.job_id, slice_s=0)
    assert holders("a") == [second, first]
    orders.breaks = [away]
    run_once(first.job_id)
    assert holders("a") == [second]
    assert sweep() == 1
    assert holders("a") == [second, third]
    Job.objects.filter(pk=first.pk).update(run_after=timezone.now())
    sweep()
    first.refresh_from_db()
    assert first.waiting.startswith("Waits for a free slot: 2 of 2")
    run_once(third.job_id)
    sweep()
    assert holders("a") == [second, first]


@pytest.mark.parametrize("ending", ["cancel", "abort", "fail", "die"])
def test_every_end_gives_the_slot_back(sent, orders, refusal, ending):
    job = job_of("c")
    if ending == "cancel":
        cancel(job)
    elif ending == "abort":
        abort(job, "The namespace is being deleted.")
    elif ending == "fail":
        orders.breaks = [refusal]
        run_once(job.job_id)
    else:
        past = timezone.now() - timedelta(seconds=1)
        Job.objects.update(state=State.RUNNING, lease_until=past, attempts=9)
        sweep()
    assert holders("c") == []
    job.refresh_from_db()
    assert job.state in (State.CANCELLED, State.FAILED)


def test_a_resumed_job_waits_for_its_turn_too(sent, orders, refusal):
    job = job_of("c")
    orders.breaks = [refusal]
    run_once(job.job_id)
    other = job_of("c")
    job.refresh_from_db()
    assert resume(job)
    job.refresh_from_db()
    assert holders("c") == [other]
    assert slots.waits_for_slot(job)


def test_a_namespace_that_allows_one_job_has_one_and_others_run_beside_it(sent):
    narrow = [job_of("a", max_concurrent=1) for _ in range(3)]
    wide = job_of("a")
    assert [job.slot for job in (*narrow, wide)] == [1, None, None, 2]
    assert "the namespace lets 1 of 2 run at a time" in narrow[1].waiting


def test_many_jobs_of_a_namespace_at_its_limit_leave_the_free_slot_to_others(sent):
    narrow = [job_of("a", max_concurrent=1) for _ in range(admission._MORE + 5)]
    wide = job_of("a", delay=timedelta(hours=1))
    assert holders("a") == [narrow[0]]
    Job.objects.filter(pk=wide.pk).update(run_after=timezone.now())
    assert sweep() == 1
    assert holders("a") == [narrow[0], wide]
    run_once(narrow[0].job_id)
    assert sweep() == 1
    assert holders("a") == [narrow[1], wide]


def test_the_organization_with_the_fewest_running_jobs_is_next(sent):
    running = [job_of(letter) for letter in "ab"]
    waiting = [job_of(letter) for letter in "aaabbc"]
    Job.objects.exclude(pk__in=[job.pk for job in running]).update(slot=None)
    now = timezone.now()
    turns = [Job.objects.get(pk=pk) for pk in admission.due(now, at_most=50)]
    assert [job.organization_id[-1] for job in turns] == list("cababa")
    own = [job for job in turns if job.organization_id == "org_a"]
    assert own == waiting[:3]
    assert not list(admission.due(now - timedelta(hours=1), at_most=50))


def test_processes_that_send_at_once_never_give_a_slot_twice(sent):
    jobs = [job_of("a", delay=timedelta(hours=1)) for _ in range(8)]
    barrier = threading.Barrier(len(jobs))

    def take(job: Job) -> None:
        barrier.wait()
        while True:  # the database of the tests may be locked by another thread
            try:
                slots.take(job)
            except OperationalError:
                continue
            finally:
                connection.close()
            return

    threads = [threading.Thread(target=take, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [job.slot for job in holders("a")] == [1, 2]


def test_a_position_tells_nothing_of_other_organizations(sent):
    for _ in range(4):
        job_of("b")
    first, second = job_of("a"), job_of("a")
    place_of = places.of([first, second])
    asked = [(job, place_of.get(job.job_id)) for job in (first, second)]
    assert [queries.queue_position(*one) for one in asked] == [0, 0]
    third = job_of("a")
    [place] = places.of([first, second, third]).values()
    assert place == Place(position=1, waiting=1, running=2, slots=2)


def test_a_job_on_a_customers_cluster_has_its_own_queue(sent):
    assert job_of("a", queue=CLUSTERS).queue == CLUSTERS
    assert sent(CLUSTERS)
    assert sent(JOBS) == []


def suspend(letter: str, at) -> None:
    row = Organization.objects.filter(organization_id=f"org_{letter}")
    row.update(suspended_at=at, suspension_reason="Unpaid.")


def test_an_own_limit_replaces_that_of_the_subscription():
    Organization.objects.filter(organization_id="org_a").update(job_limit=7)
    assert slot_count("org_a") == 7
    Organization.objects.filter(organization_id="org_a").update(job_limit=0)
    assert slot_count("org_a") == 1


def test_jobs_of_a_suspended_organization_wait_and_go_on_afterwards(sent):
    suspend("a", timezone.now())
    first, other = job_of("a"), job_of("b")
    assert (first.slot, first.waiting) == (None, slots.PAUSED)
    assert sent() == [(str(other.job_id), 0)]
    assert run_once(first.job_id) is None
    suspend("a", None)
    Job.objects.filter(pk=first.pk).update(run_after=timezone.now())
    assert sweep() == 1
    first.refresh_from_db()
    assert (first.slot, first.waiting) == (2, "")
    assert run_once(first.job_id) is State.DONE


def test_a_running_job_finishes_its_slice_and_then_waits(sent, orders):
    job = job_of("a")

    def suspend_first(_work, number):
        if number == 0:
            suspend("a", timezone.now())

    orders.before_step = suspend_first
    assert run_once(job.job_id, slice_s=0) is State.QUEUED
    job.refresh_from_db()
    assert orders.steps == [0]
    assert (job.slot, job.waiting, job.cursor) == (None, slots.PAUSED, {"at": 1})


def test_many_paused_jobs_leave_the_next_place_to_others(sent):
    suspend("a", timezone.now())
    for _ in range(3):
        job_of("a")
    assert list(admission.due(timezone.now(), at_most=10)) == []


def test_a_job_that_cannot_go_back_goes_on_during_a_suspension(sent):
    job = job_of("a")
    Job.objects.filter(pk=job.pk).update(cursor={"committed": True})
    suspend("a", timezone.now())
    assert run_once(job.job_id) is State.DONE


def test_a_waiting_job_of_a_suspended_organization_can_be_cancelled(sent):
    suspend("a", timezone.now())
    job = job_of("a")
    assert cancel(job)
    assert job.state == State.CANCELLED
