"""The audit fields of an action on a job."""

from typing import Any

from nsadmin.audit.record import AuditActor
from nsadmin.jobs.models import Job


def audit_fields(actor: AuditActor, job: Job) -> dict[str, Any]:
    """Return the arguments of `audit.record` for the actor and the job's namespace."""
    return {
        "actor": actor,
        "organization_id": job.organization_id,
        "namespace_id": job.namespace_id,
        "namespace_name": job.namespace_name,
    }
