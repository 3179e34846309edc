"""What the audit tells of an act on a job: by whom, and on what."""

from typing import Any, Protocol

from nsadmin.jobs.models import Job


class Acting(Protocol):
    """Who acts, as the audit knows them."""

    @property
    def kind(self) -> str:
        """User, key, command or system."""

    @property
    def id(self) -> str:
        """The id among its kind."""

    @property
    def label(self) -> str:
        """The name that people know."""


def by(actor: Acting, job: Job) -> dict[str, Any]:
    """Return the arguments of the audit that name the actor and the job's namespace."""
    return {
        "actor": (actor.kind, actor.id, actor.label),
        "organization_id": job.organization_id,
        "namespace_id": job.namespace_id,
        "namespace_name": job.namespace_name,
    }
