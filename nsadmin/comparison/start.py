"""Starting a comparison of documents: checks, the kept row, the audit, the job."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import require
from nsadmin.audit import record
from nsadmin.comparison.documents.context import KIND
from nsadmin.comparison.job import stages
from nsadmin.comparison.models import Comparison, Mode
from nsadmin.errors import Invalid
from nsadmin.jobs.execution.ceiling import require_room
from nsadmin.jobs.execution.enqueue import enqueue
from nsadmin.jobs.models import LIVE, Job
from nsadmin.namespaces.change.blockers import require_not_deleting
from nsadmin.namespaces.placement.job_queue import job_queue
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema.document import Namespace

SAME = "Choose two different namespaces."


def start(actor: Actor, left_id: str, right_id: str, mode: str) -> Comparison:
    """Start comparing the documents of two namespaces, given by id or name.

    A comparison of the same two that the actor has running is returned instead.

    Raises NotFound for a namespace that the actor may not see, Forbidden without the
    right to compare, Invalid for one namespace given twice or an unknown mode,
    Conflict for one that is being deleted, RateLimited for a full queue.
    """
    require(actor, Action.COMPARISON_RUN)
    left = queries.get_stored(actor, left_id)
    right = queries.get_stored(actor, right_id)
    if left.namespace.namespace_id == right.namespace.namespace_id:
        raise Invalid.at("right", SAME)
    if mode not in Mode.values:
        raise Invalid.at("mode", "Choose a sample or every document.")
    for view in (left, right):
        require_not_deleting(view.namespace)
    with transaction.atomic():
        running = _running(actor, left, right, mode)
        if running is not None:
            return running
        require_room(actor.organization_id)
        return _started(actor, left, right, mode)


def _running(
    actor: Actor, left: NamespaceView, right: NamespaceView, mode: str
) -> Comparison | None:
    rows = Comparison.objects.filter(
        actor_kind=actor.kind,
        actor_id=actor.id,
        left_id=left.namespace.namespace_id,
        right_id=right.namespace.namespace_id,
        mode=mode,
    )
    live = Job.objects.filter(
        kind=KIND, state__in=LIVE, organization_id=actor.organization_id
    )
    return rows.filter(comparison_id__in=live.values("job_id")).first()


def _started(
    actor: Actor, left: NamespaceView, right: NamespaceView, mode: str
) -> Comparison:
    one, other = left.namespace, right.namespace
    job_id = uuid.uuid4()
    row = Comparison.objects.create(
        comparison_id=job_id,
        organization_id=actor.organization_id,
        internal_id=actor.internal_id,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_label=actor.label,
        left_id=one.namespace_id,
        left_name=one.label,
        left_revision=one.revision,
        right_id=other.namespace_id,
        right_name=other.label,
        right_revision=other.revision,
        mode=mode,
        expires_at=timezone.now() + timedelta(days=settings.NSADMIN_COMPARISON_DAYS),
    )
    # The job names no namespace in its row: it only reads, so it must not stand
    # against changes and deletions as the jobs on a namespace do.
    enqueue(
        KIND,
        actor=actor,
        title=f"Compare {_titled(actor, one)} with {_titled(actor, other)}",
        organization_id=actor.organization_id,
        internal_id=actor.internal_id,
        inputs={
            "left_id": one.namespace_id,
            "right_id": other.namespace_id,
            "mode": str(mode),
        },
        stages=stages(mode),
        job_id=job_id,
        queue=job_queue(one, other),
    )
    _record(actor, left, right, mode)
    return row


def _titled(actor: Actor, namespace: Namespace) -> str:
    """Return a namespace's name, or its id for the job of another organization.

    The job stays with the actor's organization when the support session is over.
    """
    is_known = namespace.is_system or namespace.internal_id == actor.internal_id
    return f"“{namespace.label}”" if is_known else namespace.namespace_id


def _record(actor: Actor, left: NamespaceView, right: NamespaceView, mode: str) -> None:
    """Write an audit row to each organization whose documents are read.

    An organization learns nothing of another one's namespace. System namespaces belong
    to everyone; comparing two of them is a row of the actor's organization.
    """
    words = "every document" if mode == Mode.FULL else "a sample of the documents"
    views = [v for v in (left, right) if not v.namespace.is_system]
    owners = {view.organization_id: view for view in reversed(views)}
    for organization_id, view in (owners or {actor.organization_id: left}).items():
        other = right if view is left else left
        is_known = other.namespace.is_system or other.organization_id == organization_id
        name = f"“{other.namespace.label}”" if is_known else "another namespace"
        record.record(
            action="comparison:run",
            summary=f"Compare {words} of “{view.namespace.label}” with {name}.",
            actor=actor,
            organization_id=organization_id or actor.organization_id,
            namespace_id=view.namespace.namespace_id,
            namespace_name=view.namespace.name,
        )
