"""Accepting a change of cluster whose points a job moves.

The document keeps its infrastructure and gets the accepted one under `move`; the job of
kind `move`, which another room runs, puts it in its place once the points are there.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.errors import Unavailable
from nsadmin.jobs.execution import enqueue
from nsadmin.jobs.execution.cancellation import cancel
from nsadmin.jobs.execution.progress import Stage
from nsadmin.jobs.models import Job
from nsadmin.namespaces.change.compare_and_set import updated_document
from nsadmin.namespaces.change.planning import PlannedChange
from nsadmin.namespaces.placement.job_queue import transfer_queue
from nsadmin.namespaces.plan.plan import ChangeRequest, apply_steps
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.moving import (
    MOVE,
    place_words,
    with_infrastructure,
    without_secrets,
)

KIND: Final = "move"
TASK_TYPE: Final = "api_namespaces_migrations_run"
ACTION: Final = "namespace:move"
# Of each revision that the job of a move writes.
STEP: Final = "namespace:move-step"

PREPARE: Final = "prepare"
TRANSFER: Final = "transfer"
COMPARE: Final = "compare"
CATCH_UP: Final = "catch-up"
FLIP: Final = "flip"
FINISH: Final = "finish"

# Key, title, unit, weight; weights are shares of the whole duration.
_STAGES: Final = (
    (PREPARE, "Prepare the new collection", "steps", 4),
    (TRANSFER, "Points and vectors", "points", 50),
    (COMPARE, "Comparison", "points", 25),
    (CATCH_UP, "What was written meanwhile", "points", 12),
    (FLIP, "Switch to the new cluster", "steps", 2),
    (FINISH, "Last writes and the old collection", "checks", 7),
)

# The job does not run before this, so that the document can be written first.
_MARKING: Final = timedelta(seconds=30)


def stages(*, is_back: bool) -> tuple[Stage, ...]:
    """Return the stages of a move; one that goes back finds its points there."""
    return tuple(
        Stage(key=key, title=title, unit=unit, weight=weight)
        for key, title, unit, weight in _STAGES
        if not (is_back and key == TRANSFER)
    )


class MoveStart:
    """The job of a move, held until the document names it."""

    def __init__(self, actor: Actor, request: ChangeRequest) -> None:
        self.actor = actor
        self.request = request
        self.job: Job | None = None

    def accept(self, view: NamespaceView, planned: PlannedChange, op_id: str) -> Raw:
        """Create the held job; return the document that names it.

        For another try to write the document; the job of the last one is `withdrawn`.
        """
        namespace = view.namespace
        after = apply_steps(namespace.raw, planned.plan.steps, sealed=planned.sealed)
        wanted = with_infrastructure(namespace, after["infrastructure"])
        self.job = self._held_job(view, wanted, op_id, is_back=planned.is_back)
        started_at = timezone.now().replace(microsecond=0)
        move = {
            "task_id": str(self.job.job_id),
            "op_id": op_id,
            "started_at": started_at,
            "pause": self.request.pauses_writes,
            "infrastructure": after["infrastructure"],
            "from": without_secrets(namespace.raw.get("infrastructure") or {}),
        }
        return updated_document(namespace, op_id, **{MOVE: move})

    def withdraw(self) -> None:
        """Delete the held job of a document that was not written."""
        if self.job is not None:
            enqueue.withdraw(self.job)
            self.job = None

    @contextmanager
    def ended_by_failure(self) -> Iterator[None]:
        """End the job if the block raises.

        If a store did not answer, the document may have been written: the cancelled
        job looks, and takes the move back.
        """
        try:
            yield
        except Unavailable:
            if self.job is not None:
                cancel(self.job)
            raise
        except Exception:
            self.withdraw()
            raise

    def release(self) -> tuple[str, str]:
        """Let the job run; return its id and that of the operation."""
        if self.job is None:
            return "", ""
        enqueue.release(self.job)
        return str(self.job.job_id), self.job.op_id

    def _held_job(
        self, view: NamespaceView, wanted: Namespace, op_id: str, *, is_back: bool
    ) -> Job:
        namespace = view.namespace
        return enqueue.enqueue(
            KIND,
            actor=self.actor,
            title=f"Move “{namespace.label}” to {place_words(wanted)}",
            organization_id=view.organization_id,
            internal_id=namespace.internal_id,
            namespace_id=namespace.namespace_id,
            namespace_name=namespace.name,
            op_id=op_id,
            stages=stages(is_back=is_back),
            job_id=uuid.uuid4(),
            delay=_MARKING,
            queue=transfer_queue(namespace, wanted),
            inputs={
                "namespace_id": namespace.namespace_id,
                "qdrant_collection": namespace.collection,
                "from": _place(namespace),
                "to": _place(wanted),
                "pause_writes": self.request.pauses_writes,
                "is_back": is_back,
            },
        )


def _place(namespace: Namespace) -> Raw:
    return {
        "compute_tier": namespace.tier,
        "qdrant_url": namespace.infrastructure.get("qdrant_url"),
    }
