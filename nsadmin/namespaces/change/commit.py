"""The only door of mutation: preview and commit of all that is planned."""

from dataclasses import dataclass

from nsadmin.access.actor import SYSTEM, Actor
from nsadmin.audit import record
from nsadmin.audit.models import Outcome as Ending
from nsadmin.errors import (
    Conflict,
    NsadminError,
    PlanChanged,
    PreconditionFailed,
    Unavailable,
)
from nsadmin.namespaces.change import preflight, relocation
from nsadmin.namespaces.change.compare_and_set import accept
from nsadmin.namespaces.change.converge import Progress, converge
from nsadmin.namespaces.change.planning import (
    ChangeRequest,
    build_plan,
    required_action,
)
from nsadmin.namespaces.change.preconditions import require_carried_out, require_open
from nsadmin.namespaces.change.preflight import Check
from nsadmin.namespaces.plan import steps
from nsadmin.namespaces.plan.auto_index import AutoIndex
from nsadmin.namespaces.plan.desired import ActualCollection
from nsadmin.namespaces.plan.plan import Plan
from nsadmin.namespaces.plan.protection import Protection
from nsadmin.namespaces.plan.repair import EVERYTHING, Repair
from nsadmin.namespaces.plan.revert import Revert
from nsadmin.namespaces.plan.steps import Step
from nsadmin.namespaces.read import mirror, queries, snapshots
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.patch import NamespacePatch

_TRIES = 5


@dataclass(frozen=True, slots=True)
class Preview:
    """A plan that is only shown; `qdrant_silent` says that its counts are missing.

    `checks` is what was looked at where the namespace would run elsewhere, `seen` what
    Qdrant has now, None where it was not asked or did not answer.
    """

    view: NamespaceView
    plan: Plan
    qdrant_silent: bool
    checks: tuple[Check, ...] = ()
    seen: ActualCollection | None = None

    @property
    def is_blocked(self) -> bool:
        """Whether something stands against carrying it out now."""
        return any(check.state == "blocks" for check in self.checks)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A change that has happened; not `converged` while Qdrant is catching up."""

    view: NamespaceView
    plan: Plan
    op_id: str
    converged: bool
    error: str = ""

    @property
    def waiting(self) -> tuple[Step, ...]:
        """The steps of this change that are not yet seen in Qdrant, in order."""
        pending = self.view.namespace.raw.get("pending") or []
        mine = (entry for entry in pending if entry["op_id"] == self.op_id)
        return tuple(steps.from_json(step) for entry in mine for step in entry["steps"])


def preview(
    actor: Actor,
    identifier: str,
    patch: NamespacePatch | Protection | Revert,
    *,
    organization_id: str | None = None,
) -> Preview:
    """Return what the patch would do; nothing is written."""
    return _preview(actor, identifier, patch, organization_id)


def repair_preview(
    actor: Actor,
    identifier: str,
    repair: Repair = EVERYTHING,
    *,
    organization_id: str | None = None,
) -> Preview:
    """Return what would bring Qdrant in line with what is declared."""
    return _preview(actor, identifier, repair, organization_id)


def commit(
    actor: Actor,
    identifier: str,
    patch: NamespacePatch | Protection | Revert,
    *,
    digest: str | None = None,
    if_match: int | None = None,
    organization_id: str | None = None,
) -> Outcome:
    """Carry out a patch: plan again, compare, accept, converge, mirror, audit.

    Raises PlanChanged if `digest` names another plan, PreconditionFailed if `if_match`
    is not the stored revision, Conflict for a taken name or a busy namespace,
    Unavailable before anything is written if Qdrant has to answer and does not.
    """
    return _commit(
        actor,
        identifier,
        patch,
        digest=digest,
        if_match=if_match,
        organization_id=organization_id,
    )


def repair_commit(
    actor: Actor,
    identifier: str,
    repair: Repair = EVERYTHING,
    *,
    digest: str | None = None,
    if_match: int | None = None,
    organization_id: str | None = None,
) -> Outcome:
    """Add every vector and index that Qdrant lacks; a second run writes nothing.

    Unless the repair asks for indexes to be built anew, which it does every time.
    """
    return _commit(
        actor,
        identifier,
        repair,
        digest=digest,
        if_match=if_match,
        organization_id=organization_id,
    )


def automatic_commit(namespace_id: str, wanted: AutoIndex) -> Outcome:
    """Add an index by ourselves; an empty plan where the field has one already."""
    return _commit(
        SYSTEM,
        namespace_id,
        wanted,
        digest=None,
        if_match=None,
        organization_id=None,
    )


def _preview(
    actor: Actor,
    identifier: str,
    wanted: ChangeRequest,
    organization_id: str | None,
) -> Preview:
    view = queries.get_stored(
        actor,
        identifier,
        organization_id=organization_id,
        action=required_action(wanted),
    )
    namespace = view.namespace
    require_open(namespace, wanted)
    found = _found(actor, namespace, wanted)
    return Preview(
        view,
        found.plan,
        qdrant_silent=found.seen is None and found.changes_collection,
        checks=found.checks,
        seen=found.seen,
    )


def _commit(
    actor: Actor,
    identifier: str,
    wanted: ChangeRequest,
    *,
    digest: str | None,
    if_match: int | None,
    organization_id: str | None,
) -> Outcome:
    op_id = record.new_op_id()
    attempted = False
    try:
        for _ in range(_TRIES):
            view = queries.get_stored(
                actor,
                identifier,
                organization_id=organization_id,
                action=required_action(wanted),
            )
            namespace = view.namespace
            require_open(namespace, wanted)
            found = _checked(actor, namespace, wanted, digest, if_match)
            plan, sealed = found.plan, found.sealed
            if plan.is_empty:
                waits = bool(namespace.raw.get("pending"))
                return Outcome(view, plan, "", converged=not waits)
            preflight.require(found.checks)
            _attempt(actor, view, plan, op_id, wanted)
            attempted = True
            raw = accept(namespace, plan, op_id, sealed=sealed)
            if raw is not None:
                return finish(raw, plan, op_id)
        raise Conflict(
            "Others keep changing this namespace at the same time. Try again.",
            code="too_many_writers",
        )
    except Unavailable:
        raise  # whether it was accepted is open, and the sweep finds out
    except NsadminError as failure:
        if attempted:
            record.close(op_id, Ending.REFUSED, error=failure.message)
        raise


def _sealed(
    actor: Actor, namespace: Namespace, plan: Plan, wanted: ChangeRequest
) -> Raw | None:
    if not isinstance(wanted, NamespacePatch):
        return None
    return relocation.sealed_key_of(actor, namespace, plan, wanted)


@dataclass(frozen=True, slots=True)
class _Found:
    """A plan with what was found on the way; `sealed` is a key that it stores."""

    plan: Plan
    seen: ActualCollection | None
    sealed: Raw | None
    checks: tuple[Check, ...]

    @property
    def changes_collection(self) -> bool:
        """Whether it asks for changes where the namespace runs now."""
        return self.plan.needs_qdrant and not self.plan.moves


def _found(actor: Actor, namespace: Namespace, wanted: ChangeRequest) -> _Found:
    """Plan, and look at the other cluster where the plan moves the namespace."""
    plan, seen = build_plan(namespace, wanted)
    sealed = _sealed(actor, namespace, plan, wanted)
    checks = relocation.checks(actor, namespace, plan, sealed)
    whole = relocation.with_collection(namespace, plan, sealed, checks)
    return _Found(whole, seen, sealed, checks)


def _checked(
    actor: Actor,
    namespace: Namespace,
    wanted: ChangeRequest,
    digest: str | None,
    if_match: int | None,
) -> _Found:
    """Plan again and hold it against what the caller saw."""
    found = _found(actor, namespace, wanted)
    plan = found.plan
    if if_match is not None and if_match != namespace.revision:
        raise PreconditionFailed(
            f"The namespace is at revision {namespace.revision}; you saw another.",
            details={"etag": f"r{namespace.revision}", "plan": plan.to_json()},
        )
    if digest is not None and digest != plan.digest:
        raise PlanChanged(
            "This is not the plan with that digest: the namespace has changed, or "
            "something else is asked for.",
            details={"plan": plan.to_json()},
        )
    if found.changes_collection:
        require_carried_out(actor, namespace, plan, found.seen)
    return found


def _attempt(
    actor: Actor, view: NamespaceView, plan: Plan, op_id: str, wanted: ChangeRequest
) -> None:
    said = [step.sentence() for step in plan.steps]
    if isinstance(wanted, AutoIndex):
        said.append(wanted.evidence)
    record.attempt(
        op_id=op_id,
        action="namespace:update",
        summary=" ".join(said),
        actor=actor,
        organization_id=view.organization_id,
        namespace_id=view.namespace.namespace_id,
        namespace_name=view.namespace.name,
        revision=plan.revision + 1,
        changes=plan.to_json()["steps"],
        reverts=wanted.op_id if isinstance(wanted, Revert) else "",
    )


def finish(raw: Raw, plan: Plan, op_id: str) -> Outcome:
    """The change has happened; bring Qdrant along, then say how far it came."""
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
    """Return the document as this change left it, whoever wrote after it."""
    if progress.raw.get("revision") == raw["revision"]:
        return progress.raw
    if not progress.observed:
        return raw
    return {**raw, "observed_revision": raw["revision"]}
