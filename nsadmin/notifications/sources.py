"""What other rooms tell of, without knowing this one: jobs and support sessions."""

from nsadmin.access.models import SupportSession
from nsadmin.access.support.events import Stage
from nsadmin.jobs.models import Job
from nsadmin.jobs.notices import PERSON
from nsadmin.notifications import kinds, outbox
from nsadmin.notifications.outbox import News

_STAGES = {
    Stage.ASKED: kinds.SUPPORT_ASKED,
    Stage.BEGUN: kinds.SUPPORT_BEGUN,
    Stage.EMERGENCY: kinds.BREAK_GLASS,
}


def note_ended_job(job: Job) -> None:
    """Write the event of a clone, move or deletion that is done or failed.

    A job that is resumed ends under another epoch, which is another event.
    """
    kind = kinds.OF_JOBS.get((job.kind, job.state))
    if kind is None:
        return
    news = News(
        kind=kind,
        key=f"job:{job.job_id}:{job.epoch}",
        organization_id=job.organization_id,
        person_id=job.actor_id if job.actor_kind == PERSON else "",
        facts={
            "job_id": str(job.job_id),
            "namespace_id": job.namespace_id,
            "namespace_name": job.namespace_name,
        },
    )
    outbox.write([news])


def note_support(session: SupportSession, stage: Stage) -> None:
    """Write the event of a support session that was asked for or began."""
    news = News(
        kind=_STAGES[stage],
        key=f"support:{session.session_id}:{stage.value}",
        organization_id=session.organization_id,
        facts={"session_id": session.session_id, "minutes": session.minutes},
    )
    outbox.write([news])
