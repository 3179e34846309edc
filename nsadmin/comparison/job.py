"""The job that compares the documents of two namespaces; any part of it may run twice.

It writes to neither side. Documents that are written meanwhile may show as differences;
the result says from when to when it was read.
"""

from datetime import datetime
from typing import Final

from django.utils import timezone

from nsadmin.comparison import kept
from nsadmin.comparison.documents import every_document, sampled
from nsadmin.comparison.documents.context import (
    COMPARE,
    DRAW,
    KIND,
    CompareContext,
    load,
)
from nsadmin.comparison.documents.result import result_of
from nsadmin.comparison.models import CANCELLED, Mode
from nsadmin.jobs.execution.context import JobContext
from nsadmin.jobs.execution.pace import Pace
from nsadmin.jobs.execution.progress import Stage
from nsadmin.jobs.models import Job, State
from nsadmin.jobs.registry import register_kind
from nsadmin.stores.qdrant.bulk import rate_limits

# No published type is of a comparison; this one is of work between two namespaces.
TASK_TYPE: Final = "api_namespaces_migrations_run"
_BEGAN: Final = "began_at"


def stages(mode: str) -> tuple[Stage, ...]:
    """Return the stages of a comparison."""
    compare = Stage(key=COMPARE, title="Compare documents", unit="documents", weight=95)
    if mode == Mode.FULL:
        return (compare,)
    draw = Stage(key=DRAW, title="Draw a sample", unit="sides", weight=5)
    return draw, compare


def settle(job: Job) -> None:
    """Record how the job ended in the kept comparison."""
    error = ""
    if job.state != State.DONE:
        error = CANCELLED if job.state == State.CANCELLED else job.error
    kept.end(job.job_id, error=error)


@register_kind(KIND, task_type=TASK_TYPE, settle=settle)
def run(job: JobContext) -> None:
    """Compare what is left to compare, and keep the result."""
    if kept.has_result(job.job.job_id):
        return
    if _BEGAN not in job.cursor:
        job.cursor[_BEGAN] = timezone.now().isoformat()
    context = load(job)
    with rate_limits.waited_for(Pace(job, "the comparison").pause):
        _compare(context)
    job.progress.end(COMPARE)
    # What was found is in the result; the row of a job is kept for longer.
    job.cursor.clear()


def _compare(context: CompareContext) -> None:
    is_full = context.job.inputs["mode"] == Mode.FULL
    notes: list[str] = []
    facts: dict[str, object] = {}
    if is_full:
        findings = every_document.compare(context)
    else:
        findings = sampled.compare(context)
        left, right = sampled.drawn(context)
        facts, notes = {"drawn": {"left": left, "right": right}}, sampled.notes(context)
    began = datetime.fromisoformat(context.job.cursor[_BEGAN])
    made = result_of(
        findings,
        is_full=is_full,
        notes=notes,
        mode=context.job.inputs["mode"],
        related=context.same.related,
        began_at=began.isoformat(),
        ended_at=timezone.now().isoformat(),
        **facts,
    )
    context.job.raise_if_interrupted()
    kept.store_result(context.job.job.job_id, made)
    words = "No difference found." if made["is_equal"] else "Differences found."
    context.job.record_event(words, "ok" if made["is_equal"] else "warn")
