"""What staff see of the namespaces on the pages of the platform.

Without a support session that is the id and the organization. Names and messages may
tell of a customer's data, so they are left out there.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from nsadmin.access.actor import Actor
from nsadmin.access.organization.listing import by_internal_id
from nsadmin.access.web.gate import can_see
from nsadmin.jobs.models import Job
from nsadmin.namespaces.models import MirroredNamespace


@dataclass(frozen=True, slots=True)
class Owner:
    """An organization as a row names it; empty texts if it is not known."""

    organization_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Subject:
    """A namespace as a row names it; `name` is empty unless `is_seen`."""

    namespace_id: str
    name: str
    owner: Owner
    is_seen: bool
    is_deleted: bool = False

    @property
    def may_be_asked_for(self) -> bool:
        """Whether a support session would show more."""
        return not self.is_seen and bool(self.owner.organization_id)


_NOBODY = Owner("", "")


def owners(internal_ids: Iterable[str]) -> dict[str, Owner]:
    """Return {internal id: organization} of those that exist, in one query."""
    found = by_internal_id(set(internal_ids))
    return {key: Owner(o.organization_id, o.name) for key, o in found.items()}


def subjects(actor: Actor, rows: Collection[MirroredNamespace]) -> dict[str, Subject]:
    """Return {namespace id: how the actor sees it}, in one query."""
    known = owners(row.internal_id for row in rows)
    return {
        row.namespace_id: _subject(actor, row, known.get(row.internal_id, _NOBODY))
        for row in rows
    }


def _subject(actor: Actor, row: MirroredNamespace, owner: Owner) -> Subject:
    is_seen = can_see(
        actor,
        internal_id=row.internal_id,
        scope=row.scope,
        namespace_id=row.namespace_id,
    )
    return Subject(
        namespace_id=row.namespace_id,
        name=row.name if is_seen else "",
        owner=owner,
        is_seen=is_seen,
        is_deleted=row.deleted_at is not None,
    )


def job_subjects(actor: Actor, jobs: Collection[Job]) -> dict[str, Subject]:
    """Return {job id: how the actor sees its namespace}, in one query."""
    known = owners(job.internal_id for job in jobs)
    return {
        str(job.job_id): Subject(
            namespace_id=job.namespace_id,
            name=job.namespace_name if actor.sees(job.internal_id) else "",
            owner=known.get(job.internal_id, _NOBODY),
            is_seen=actor.sees(job.internal_id),
        )
        for job in jobs
    }
