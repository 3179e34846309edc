"""Telling people that their jobs have ended, until they have seen it.

A person is told of the jobs that they started: of those that are done, that failed, and
that another person cancelled. Keys, commands and nsadmin itself get no notices.
"""

from collections.abc import Iterable
from typing import Final, Protocol
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from nsadmin.jobs.models import FINAL, Job, State

PERSON: Final = "user"
# The columns of a notice; progress and outputs may be long.
_COLUMNS = (
    "title",
    "kind",
    "state",
    "error",
    "cancelled_by",
    "ended_at",
    "cancel_requested",
)


class Person(Protocol):
    """The actor who may have started jobs."""

    @property
    def kind(self) -> str: ...
    @property
    def id(self) -> str: ...


def unseen(organization_id: str, person_id: str) -> QuerySet[Job]:
    """Return the ended jobs of a person whose end that person has not seen."""
    own = Job.objects.filter(
        organization_id=organization_id,
        actor_kind=PERSON,
        actor_id=person_id,
        seen_at__isnull=True,
    )
    by_others = ~Q(cancelled_by="") & ~Q(cancelled_by=F("actor_label"))
    is_cancelled = Q(state=State.CANCELLED) & by_others
    return own.filter(Q(state__in=(State.DONE, State.FAILED)) | is_cancelled)


def latest(organization_id: str, person_id: str, *, limit: int) -> list[Job]:
    """Return the unseen jobs that ended last."""
    rows = unseen(organization_id, person_id).only(*_COLUMNS)
    return list(rows.order_by("-ended_at", "job_id")[:limit])


def mark_seen(person: Person, jobs: Iterable[Job]) -> None:
    """Record that a person has seen the ends of these jobs; those of others stay.

    A job that was resumed since it was read has another end, which was not seen.
    """
    ends = Q()
    for job in jobs:
        if is_unseen(person, job):
            ends |= Q(pk=job.pk, epoch=job.epoch, state=job.state)
    if ends:
        Job.objects.filter(ends).update(seen_at=timezone.now())


def dismiss(person: Person, organization_id: str, job_ids: Iterable[UUID]) -> None:
    """Record the same for jobs with these ids; unknown ids are ignored."""
    if person.kind == PERSON:
        rows = unseen(organization_id, person.id).filter(pk__in=list(job_ids))
        rows.update(seen_at=timezone.now())


def dismiss_all(person: Person, organization_id: str) -> None:
    """Record the same for all jobs that the person started in an organization."""
    if person.kind == PERSON:
        unseen(organization_id, person.id).update(seen_at=timezone.now())


def is_unseen(person: Person, job: Job) -> bool:
    """Tell whether a job ended that the person started and has not seen since."""
    is_own = (person.kind, person.id) == (PERSON, job.actor_id)
    is_unseen = job.state in FINAL and job.seen_at is None
    return is_own and job.actor_kind == PERSON and is_unseen
