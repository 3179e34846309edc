"""What the audit tells of an act on a job: by whom, and on what."""

from typing import Any

from nsadmin.audit.record import AuditActor
from nsadmin.jobs.models import Job


def by(actor: AuditActor, job: Job) -> dict[str, Any]:
    """Return the arguments of the audit that name the actor and the job's namespace."""
    return {
        "actor": actor,
        "organization_id": job.organization_id,
        "namespace_id": job.namespace_id,
        "namespace_name": job.namespace_name,
    }
