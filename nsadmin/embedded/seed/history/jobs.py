"""Jobs that were done, that failed and that were cancelled."""

from datetime import datetime, timedelta
from typing import Final

from nsadmin.audit import clock
from nsadmin.clones import start
from nsadmin.clones.request import CloneRequest, Include
from nsadmin.embedded.seed.catalogue import BY_SLUG
from nsadmin.embedded.seed.data.people import HALDEN, NORTHLIGHT, OrganizationSpec
from nsadmin.embedded.seed.history.people import actor_of
from nsadmin.embedded.seed.history.times import move_job
from nsadmin.jobs.execution import outcomes, runner
from nsadmin.jobs.execution.cancellation import cancel
from nsadmin.jobs.execution.lease import claim
from nsadmin.jobs.models import FINAL, Job
from nsadmin.namespaces.lifecycle import creation, deletion, tombstones
from nsadmin.namespaces.schema.creation import NewNamespace
from nsadmin.stores.qdrant.cluster import refusal

# A job that does not end after so many slices waits for a store.
_MOST_SLICES: Final = 20
# What Qdrant answers to a batch that is too large.
_TOO_LARGE: Final = (
    "Payload error: JSON payload (36175872 bytes) is larger than allowed "
    "(limit: 33554432 bytes)."
)


def clone_heritage(at: datetime) -> None:
    """Hanna clones the notes for an edition; the clone is verified and ready."""
    job = _launch("hanna", HALDEN, "heritage-notes", "heritage-notes-edition")
    run_to_end(job)
    move_job(job, at, lasted=timedelta(seconds=14))


def cancel_a_clone(at: datetime) -> None:
    """Noor cancels a clone before it began, and discards what is left of it."""
    job = _launch("noor", NORTHLIGHT, "airfields-of-the-world", "airfields-backup")
    noor = actor_of("noor", NORTHLIGHT)
    cancel(job, by=noor.label)
    outcomes.settle(job)
    with clock.set_to(at + timedelta(minutes=3)):
        removal = deletion.begin(noor, job.namespace_id)
        run_to_end(removal)
    move_job(job, at, lasted=timedelta(seconds=9))
    move_job(removal, at + timedelta(minutes=3), lasted=timedelta(seconds=2))


def fail_a_clone(at: datetime) -> None:
    """Qdrant refuses a batch of Noor's clone; she has not seen that yet."""
    job = _launch("noor", NORTHLIGHT, "labour-market-clips", "labour-market-staging")
    runner.run_once(job.job_id, slice_s=0)
    job.refresh_from_db()
    lease = claim(job.job_id, job.epoch)
    if lease is None:
        return
    outcomes.refuse(lease, refusal(413, _TOO_LARGE))
    job.refresh_from_db()
    outcomes.settle(job)
    move_job(job, at, lasted=timedelta(seconds=31))
    Job.objects.filter(pk=job.pk).update(seen_at=None)


def delete_a_trial(_at: datetime) -> None:
    """Noor makes a namespace to try something and deletes it again; restorable."""
    body = {"namespace_name": "press-archive-trial", "description": "Only a trial."}
    noor = actor_of("noor", NORTHLIGHT)
    made = creation.create(noor, NewNamespace.model_validate(body))
    _, job = tombstones.delete_as_task(noor, made.view.namespace.namespace_id)
    Job.objects.filter(pk=job.pk).update(seen_at=job.ended_at)


def run_to_end(job: Job) -> None:
    """Run a job in this process until it ends."""
    for _ in range(_MOST_SLICES):
        job.refresh_from_db()
        if job.state in FINAL:
            break
        runner.run_once(job.job_id)
    job.refresh_from_db()


def _launch(
    person: str,
    organization: OrganizationSpec,
    source: str,
    name: str,
) -> Job:
    source_id = BY_SLUG[source].namespace_id
    request = CloneRequest(namespace_name=name, include=Include(taxonomies=True))
    return start.launch(actor_of(person, organization), source_id, request).job
