"""Jobs that were done, that failed and that were cancelled."""

from datetime import datetime, timedelta
from typing import Final

from nsadmin.audit import clock
from nsadmin.clones import stages, start
from nsadmin.clones.request import CloneRequest, Include
from nsadmin.embedded.seed.catalogue import BY_SLUG
from nsadmin.embedded.seed.data.people import HALDEN, NORTHLIGHT, OrganizationSpec
from nsadmin.embedded.seed.history.people import actor_of
from nsadmin.embedded.seed.history.times import move_job
from nsadmin.embedded.seed.layout import documents
from nsadmin.jobs.execution import outcomes, runner
from nsadmin.jobs.execution.cancellation import cancel
from nsadmin.jobs.execution.lease import claim
from nsadmin.jobs.execution.progress import Progress
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
    move_job(job, at)


def cancel_a_clone(at: datetime) -> None:
    """Noor cancels a clone before it began, and discards what is left of it."""
    job = _launch("noor", NORTHLIGHT, "airfields-of-the-world", "airfields-backup")
    noor = actor_of("noor", NORTHLIGHT)
    cancel(job, by=noor.label)
    outcomes.settle(job)
    with clock.set_to(at + timedelta(minutes=3)):
        removal = deletion.begin(noor, job.namespace_id)
        run_to_end(removal)
    move_job(job, at)
    move_job(removal, at + timedelta(minutes=3))


def fail_a_clone(at: datetime) -> None:
    """Qdrant refuses a batch of Noor's clone; she has not seen that yet."""
    source = BY_SLUG["labour-market-clips"]
    job = _launch("noor", NORTHLIGHT, source.slug, "labour-market-staging")
    for _ in range(_MOST_SLICES):
        # A slice without time ends at its first checkpoint.
        runner.run_once(job.job_id, slice_s=0)
        job.refresh_from_db()
        if stages.OBJECTS in job.cursor.get("finished", []):
            break
    lease = claim(job.job_id, job.epoch)
    if lease is None:
        return
    progress = Progress.read(job.progress)
    progress.begin(stages.POINTS, total=len(documents(source)))
    progress.stop()
    outcomes.refuse(lease, refusal(413, _TOO_LARGE), progress=progress.to_json())
    job.refresh_from_db()
    outcomes.settle(job)
    move_job(job, at)
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
