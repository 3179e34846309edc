"""Preview and commit: the only way to change a namespace by a plan."""

from dataclasses import dataclass, field

from nsadmin.access.actor import Actor
from nsadmin.access.organization import second_person
from nsadmin.access.organization.second_person import Approval, Guarded
from nsadmin.audit import record
from nsadmin.audit.models import Outcome as Ending
from nsadmin.errors import PreconditionFailed
from nsadmin.jobs.execution.ceiling import require_room
from nsadmin.namespaces.change import moving, preconditions, preflight
from nsadmin.namespaces.change.compare_and_set import accepted_document, write_document
from nsadmin.namespaces.change.converge import Progress, converge
from nsadmin.namespaces.change.moving import MoveStart
from nsadmin.namespaces.change.planning import PlannedChange, as_request, plan_change
from nsadmin.namespaces.change.preflight_checks import Check
from nsadmin.namespaces.change.update import closing_refused
from nsadmin.namespaces.mirror import mirror
from nsadmin.namespaces.plan.desired import ActualCollection
from nsadmin.namespaces.plan.plan import ChangeRequest, Plan
from nsadmin.namespaces.plan.steps import Step, from_json
from nsadmin.namespaces.read import queries, snapshots
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.patch import NamespacePatch

# Attempts to write a change while other writers change the same document.
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Preview:
    """A plan that is not carried out.

    `qdrant_silent` says that Qdrant did not answer, so that counts are missing.
    `checks` are those of the cluster where the namespace would run. `actual` is the
    state of the collection; None if Qdrant was not asked or did not answer. `wanted` is
    the namespace as it would be on another cluster.
    """

    view: NamespaceView
    plan: Plan
    qdrant_silent: bool
    checks: tuple[Check, ...] = ()
    actual: ActualCollection | None = None
    wanted: Namespace | None = field(default=None, repr=False)

    @property
    def moves_points(self) -> bool:
        """Whether a job would move the points."""
        return any(check.moves_points for check in self.checks)

    @property
    def is_back(self) -> bool:
        """Whether the job would go to what an earlier move left behind."""
        return any(check.is_back for check in self.checks)

    @property
    def is_blocked(self) -> bool:
        """Whether a check prevents the plan from being carried out now."""
        return any(check.state == "blocks" for check in self.checks)


@dataclass(frozen=True, slots=True)
class Outcome:
    """An accepted change; not `converged` while its steps in Qdrant are unfinished.

    `task_id` is the job that moves the points; the namespace changes when it ends.
    """

    view: NamespaceView
    plan: Plan
    op_id: str
    converged: bool
    error: str = ""
    task_id: str = ""

    @property
    def waiting(self) -> tuple[Step, ...]:
        """The steps of this change that are not yet visible in Qdrant, in order."""
        pending = self.view.raw.get("pending") or []
        own = (entry for entry in pending if entry["op_id"] == self.op_id)
        return tuple(from_json(step) for entry in own for step in entry["steps"])


def preview(
    actor: Actor,
    identifier: str,
    request: ChangeRequest | NamespacePatch,
    *,
    organization_id: str | None = None,
) -> Preview:
    """Return the plan of the request; nothing is written."""
    request = as_request(request)
    view = queries.get_stored(
        actor, identifier, organization_id=organization_id, action=request.action
    )
    preconditions.require_open(view.namespace, request)
    planned = plan_change(actor, view.namespace, request)
    return Preview(
        view,
        planned.plan,
        qdrant_silent=planned.actual is None and planned.changes_collection,
        checks=planned.checks,
        actual=planned.actual,
        wanted=planned.wanted,
    )


def commit(
    actor: Actor,
    identifier: str,
    request: ChangeRequest | NamespacePatch,
    *,
    digest: str | None = None,
    if_match: int | None = None,
    organization_id: str | None = None,
    op_id: str | None = None,
    approval: Approval | None = None,
) -> Outcome:
    """Carry out a request: plan again, compare, accept, converge, mirror, audit.

    `op_id` is a new id that the caller has written down; `approval` is the plan of
    another person that the actor confirms. Raises PlanChanged if `digest` is
    another plan's, PreconditionFailed if `if_match` is not the stored revision,
    Conflict for a taken name or a busy namespace, Unavailable before any write if
    Qdrant must answer and does not, RateLimited for a move while the queue is full.
    """
    # 1. Permission: `read` returns the stored namespace if the actor may change it.
    # 2. Preconditions: it is not busy, the name is free, the subscription allows it.
    # 3. Plan: made again. 4. Compare: with the digest and revision that were seen.
    # 5. Attempt: recorded in the audit before anything is written.
    # 6. Accept: one compare-and-set; if the document has changed, from 1 again. What
    #    moves points is accepted as `move`; its job does the rest.
    # 7. Converge, in `finish` or later by the sweep: steps are done and read back.
    # 8. Mirror: the SQL copy and the snapshots; 9. outcome: recorded in the audit.
    request = as_request(request)
    op_id = op_id or record.new_op_id()
    last_try: list[tuple[NamespaceView, Plan]] = []
    move = MoveStart(actor, request)

    def read() -> NamespaceView:
        at, action = organization_id, request.action
        return queries.get_stored(actor, identifier, organization_id=at, action=action)

    def change(view: NamespaceView) -> Raw | None:
        move.withdraw()
        preconditions.require_open(view.namespace, request)
        planned = plan_change(actor, view.namespace, request)
        last_try[:] = [(view, planned.plan)]
        _require_unchanged(view, planned.plan, digest=digest, if_match=if_match)
        return _accept(view, planned, op_id, move, approval)

    with closing_refused(op_id), move.ended_by_failure():
        raw = write_document(read, change, op_id=op_id, tries=_TRIES)
    view, plan = last_try[0]
    if raw is None:
        return Outcome(view, plan, "", converged=not view.raw.get("pending"))
    return _start_move(raw, plan, move) if move.job else finish(raw, plan, op_id)


def _accept(
    view: NamespaceView,
    planned: PlannedChange,
    op_id: str,
    move: MoveStart,
    approval: Approval | None,
) -> Raw | None:
    """Record the attempt and return the accepted document; None for an empty plan.

    Raises what the checks of the collection and of a new cluster raise.
    """
    if planned.changes_collection:
        preconditions.require_carried_out(
            move.actor, view.namespace, planned.plan, planned.actual
        )
    if planned.plan.is_empty:
        return None
    if planned.plan.moves:
        internal_id = view.namespace.internal_id
        second_person.require(move.actor, internal_id, Guarded.TIER, approval)
    preflight.require(planned.checks)
    if planned.moves_points:
        require_room(view.organization_id)
    # The job of a move comes first: it closes the attempt if this process dies here.
    moving_document = (
        move.accept(view, planned, op_id) if planned.moves_points else None
    )
    _attempt(move, view, planned, op_id, approval)
    return moving_document or accepted_document(
        view.namespace, planned.plan, op_id, sealed=planned.sealed
    )


def _require_unchanged(
    view: NamespaceView, plan: Plan, *, digest: str | None, if_match: int | None
) -> None:
    """Raise PreconditionFailed or PlanChanged if the caller saw another state."""
    revision = view.namespace.revision
    if if_match is not None and if_match != revision:
        raise PreconditionFailed(
            f"The namespace is at revision {revision}; you sent another revision.",
            details={"etag": f"r{revision}", "plan": plan.to_json()},
        )
    if digest is not None:
        plan.require_digest(digest)


def _attempt(
    move: MoveStart,
    view: NamespaceView,
    planned: PlannedChange,
    op_id: str,
    approval: Approval | None,
) -> None:
    plan, request = planned.plan, move.request
    sentences = [step.sentence() for step in plan.steps]
    if request.evidence:
        sentences.append(request.evidence)
    if approval is not None:
        sentences.insert(0, approval.sentence)
    record.attempt(
        op_id=op_id,
        action=moving.ACTION if planned.moves_points else "namespace:update",
        summary=" ".join(sentences),
        actor=move.actor,
        organization_id=view.organization_id,
        namespace_id=view.namespace.namespace_id,
        namespace_name=view.namespace.name,
        revision=plan.revision + 1,
        changes=plan.to_json()["steps"],
        reverts=request.reverts,
    )


def _start_move(raw: Raw, plan: Plan, move: MoveStart) -> Outcome:
    """Mirror a document that names the job of a move, and let the job run."""
    mirror.mirror_one(raw)
    view = queries.view_of(document.read(raw))
    task_id, op_id = move.release()
    return Outcome(view, plan, op_id, converged=True, task_id=task_id)


def finish(raw: Raw, plan: Plan, op_id: str) -> Outcome:
    """Converge and mirror an accepted document, and close its audit row."""
    converged, error = True, ""
    if plan.needs_qdrant:
        progress = converge(raw)
        converged, error = progress.observed, progress.error
        mirror.mirror_one(progress.raw)
        raw = _as_accepted(raw, progress)
    else:
        mirror.mirror_one(raw)
    if plan.needs_qdrant or plan.moves:
        snapshots.invalidate(raw["_id"])
    record.close(op_id, Ending.DONE if converged else Ending.ACCEPTED, error=error)
    view = queries.view_of(document.read(raw))
    return Outcome(view, plan, op_id, converged, error)


def _as_accepted(raw: Raw, progress: Progress) -> Raw:
    """Return the document after this change, without the changes of later writers."""
    if progress.raw.get("revision") == raw["revision"]:
        return progress.raw
    if not progress.observed:
        return raw
    return {**raw, "observed_revision": raw["revision"]}
