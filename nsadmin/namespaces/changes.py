"""The only door of mutation: preview, commit, and the life of a clone's target."""

from dataclasses import dataclass
from typing import Any

from nsadmin.access.actor import SYSTEM, Actor
from nsadmin.access.permissions import Action
from nsadmin.audit import record
from nsadmin.audit.models import Outcome as Ending
from nsadmin.errors import (
    CollectionGone,
    Conflict,
    NsadminError,
    PlanMoved,
    Stale,
    Unavailable,
)
from nsadmin.jobs.models import LIVE, Job
from nsadmin.namespaces import (
    deletion_gates,
    document,
    enterprise,
    looks,
    mirror,
    moving,
    observe,
    placement,
    preflight,
    queries,
    steps,
)
from nsadmin.namespaces.accept import accept
from nsadmin.namespaces.automatic import Automatic, automatic_plan
from nsadmin.namespaces.converge import Progress, converge
from nsadmin.namespaces.declared import Seen
from nsadmin.namespaces.document import Namespace, Raw
from nsadmin.namespaces.fields import NamespacePatch, name_key
from nsadmin.namespaces.plan import Plan, make_plan, repair_plan
from nsadmin.namespaces.preflight import Check
from nsadmin.namespaces.protection import Protection, protection_plan
from nsadmin.namespaces.queries import NamespaceView
from nsadmin.namespaces.repair import EVERYTHING, Repair
from nsadmin.namespaces.steps import AddVector, Step
from nsadmin.namespaces.undo import Undo, undo_plan
from nsadmin.stores.mongo import namespaces as store

_TRIES = 5
Wanted = NamespacePatch | Repair | Automatic | Protection | Undo


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
    seen: Seen | None = None

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
    patch: NamespacePatch | Protection | Undo,
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
    patch: NamespacePatch | Protection | Undo,
    *,
    digest: str | None = None,
    if_match: int | None = None,
    organization_id: str | None = None,
) -> Outcome:
    """Carry out a patch: plan again, compare, accept, converge, mirror, audit.

    Raises PlanMoved if `digest` names another plan, Stale if `if_match` is not the
    stored revision, Conflict for a taken name or a busy namespace, Unavailable before
    anything is written if Qdrant has to answer and does not.
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


def automatic_commit(namespace_id: str, wanted: Automatic) -> Outcome:
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
    wanted: Wanted,
    organization_id: str | None,
) -> Preview:
    view = queries.get_stored(
        actor, identifier, organization_id=organization_id, action=_action(wanted)
    )
    namespace = view.namespace
    _require_idle(namespace)
    _require_free_name(namespace, wanted)
    _require_included(namespace, wanted)
    plan, seen = _plan(namespace, wanted)
    return Preview(
        view,
        plan,
        qdrant_silent=seen is None and plan.needs_qdrant,
        checks=moving.checks(namespace, plan, _sealed(actor, namespace, plan, wanted)),
        seen=seen,
    )


def _commit(
    actor: Actor,
    identifier: str,
    wanted: Wanted,
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
                action=_action(wanted),
            )
            namespace = view.namespace
            _require_idle(namespace)
            _require_free_name(namespace, wanted)
            _require_included(namespace, wanted)
            plan = _checked_plan(namespace, wanted, digest, if_match)
            if plan.is_empty:
                waits = bool(namespace.raw.get("pending"))
                return Outcome(view, plan, "", converged=not waits)
            sealed = _sealed(actor, namespace, plan, wanted)
            preflight.require(moving.checks(namespace, plan, sealed))
            _attempt(actor, view, plan, op_id, wanted)
            attempted = True
            raw = _accept(namespace, plan, op_id, sealed)
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
            record.close(op_id, Ending.REFUSED, error=failure.sentence)
        raise


def _sealed(
    actor: Actor, namespace: Namespace, plan: Plan, wanted: Wanted
) -> Raw | None:
    if not isinstance(wanted, NamespacePatch):
        return None
    return moving.sealed_of(actor, namespace, plan, wanted)


def _accept(
    namespace: Namespace, plan: Plan, op_id: str, sealed: Raw | None
) -> Raw | None:
    """Accept; where an answer is lost, the document's list tells whether it was a yes.

    The store writes once more where the connection broke, so a no may be one to the
    second try alone. What is not listed may still arrive, so the failure stands then.
    """
    failure: Unavailable | None = None
    try:
        raw = accept(namespace, plan, op_id, sealed=sealed)
    except Unavailable as silence:
        raw, failure = None, silence
    if raw is not None:
        return raw
    now = store.get(namespace.namespace_id)
    if now is not None and document.lists(now, op_id):
        return now
    if failure is not None:
        raise failure
    return None


def _action(wanted: Wanted) -> Action:
    if isinstance(wanted, NamespacePatch | Undo) and wanted.infrastructure is not None:
        return Action.NAMESPACE_INFRASTRUCTURE
    lifts = isinstance(wanted, Undo) and wanted.lifts_protection
    if isinstance(wanted, Protection) or lifts:
        return Action.NAMESPACE_DELETE
    return Action.NAMESPACE_UPDATE


def _plan(namespace: Namespace, wanted: Wanted) -> tuple[Plan, Seen | None]:
    """Plan the patch or the repair with what Qdrant shows.

    Qdrant is only asked where the plan depends on it or touches it.
    """
    if isinstance(wanted, Protection):
        return protection_plan(namespace, wanted), None
    if isinstance(wanted, Repair):
        seen = observe.seen(namespace)
        return repair_plan(namespace, seen, wanted), seen
    if isinstance(wanted, Automatic):
        seen = observe.seen(namespace)
        return automatic_plan(namespace, wanted, seen), seen
    if isinstance(wanted, Undo):
        return _undo_plan(namespace, wanted)
    told = placement.told(namespace, wanted.infrastructure or {})
    if wanted.repair_vectors:
        seen = observe.seen(namespace)
        plan = make_plan(namespace, wanted, seen=seen, told=told)
        moving.require_alone(plan)
        return plan, seen
    plan = make_plan(namespace, wanted, seen=None, told=told)
    moving.require_alone(plan)
    if not plan.needs_qdrant:
        return plan, None
    try:
        seen = observe.seen(namespace)
    except Unavailable:
        return plan, None
    return make_plan(namespace, wanted, seen=seen, told=told), seen


def _undo_plan(namespace: Namespace, undo: Undo) -> tuple[Plan, Seen | None]:
    plan = undo_plan(namespace, undo, None)
    if not plan.needs_qdrant:
        return plan, None
    try:
        seen = observe.seen(namespace)
    except Unavailable:
        return plan, None
    return undo_plan(namespace, undo, seen), seen


def _checked_plan(
    namespace: Namespace,
    wanted: Wanted,
    digest: str | None,
    if_match: int | None,
) -> Plan:
    """Plan again and hold it against what the caller saw."""
    plan, seen = _plan(namespace, wanted)
    if if_match is not None and if_match != namespace.revision:
        raise Stale(
            f"The namespace is at revision {namespace.revision}; you saw another.",
            details={"etag": f"r{namespace.revision}", "plan": plan.to_json()},
        )
    if digest is not None and digest != plan.digest:
        raise PlanMoved(
            "This is not the plan with that digest: the namespace has changed, or "
            "something else is asked for.",
            details={"plan": plan.to_json()},
        )
    if plan.needs_qdrant and seen is None:
        raise Unavailable(
            "Qdrant does not answer. Nothing was written.", details={"store": "qdrant"}
        )
    if seen is not None and not seen.exists:
        _require_collection(plan)
    _require_no_copy(namespace, plan)
    _require_vector_call(namespace, plan)
    return plan


def _require_collection(plan: Plan) -> None:
    if plan.needs_qdrant and not plan.makes_collection:
        raise CollectionGone(
            "The collection of this namespace does not exist in Qdrant. "
            "Its drift page can make it anew, empty."
        )


def _require_no_copy(namespace: Namespace, plan: Plan) -> None:
    """A clone is proven against its source's shape, so that waits for the clone."""
    if not plan.needs_qdrant:
        return
    copying = Job.objects.filter(
        source_namespace_id=namespace.namespace_id, state__in=LIVE
    ).first()
    if copying is not None:
        raise Conflict(
            f"This namespace is being cloned as {copying.namespace_name}; its indexes "
            "and vectors can change once that has ended.",
            code="namespace_busy",
            details={"task_id": str(copying.job_id)},
        )


def _require_vector_call(namespace: Namespace, plan: Plan) -> None:
    """Refuse early where the server is too old to add a vector to a live collection."""
    if not any(isinstance(step, AddVector) for step in plan.steps):
        return
    version = observe.server_version(namespace)
    numbers = [int(part) for part in version.split(".")[:2] if part.isdigit()]
    if numbers and numbers < [1, 18]:
        raise Conflict(
            f"Adding a vector to live points needs Qdrant 1.18; this is {version}.",
            code="qdrant_too_old",
        )


def _require_idle(namespace: Namespace) -> None:
    deletion_gates.require_staying(namespace)
    if namespace.clone_status in ("cloning", "deleting"):
        word = "being cloned into" if namespace.clone_status == "cloning" else "deleted"
        raise Conflict(
            f"The namespace is {word}; wait for the job to end.",
            code="namespace_busy",
            details={"task_id": namespace.clone_task_id},
        )


def _require_included(namespace: Namespace, wanted: Wanted) -> None:
    if isinstance(wanted, NamespacePatch | Undo) and wanted.infrastructure is not None:
        enterprise.require_infrastructure(namespace, wanted.infrastructure)


def _require_free_name(namespace: Namespace, wanted: Wanted) -> None:
    """Say so early and beside the field; the unique index says so in the end."""
    if not isinstance(wanted, NamespacePatch) or wanted.namespace_name is None:
        return
    require_free_name(
        namespace.internal_id, wanted.namespace_name, besides=namespace.namespace_id
    )


def require_free_name(internal_id: str, name: str, *, besides: str = "") -> None:
    """Raise Conflict if the tenant has a namespace of that name.

    `besides` is the namespace that may have it: the one that is renamed.
    """
    other = store.find_by_name(internal_id, name_key(name))
    if other is not None and other["_id"] != besides:
        raise Conflict(
            "Another namespace of this organization is named "
            f"{other.get('namespace_name') or name}.",
            code="namespace_name_taken",
            details={"field": "namespace_name"},
        )


def _attempt(
    actor: Actor, view: NamespaceView, plan: Plan, op_id: str, wanted: Wanted
) -> None:
    said = [step.sentence() for step in plan.steps]
    if isinstance(wanted, Automatic):
        said.append(wanted.evidence)
    record.attempt(
        op_id=op_id,
        action="namespace:update",
        summary=" ".join(said),
        actor=(actor.kind, actor.id, actor.label),
        organization_id=view.organization_id,
        namespace_id=view.namespace.namespace_id,
        namespace_name=view.namespace.name,
        revision=plan.revision + 1,
        changes=plan.to_json()["steps"],
        reverts=wanted.op_id if isinstance(wanted, Undo) else "",
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
        looks.invalidate(raw["_id"])
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


# The life of a clone's target ---------------------------------------------------------


def reserve(raw: Raw) -> None:
    """Insert a new namespace document; raise Conflict if its name or id is taken."""
    store.insert(raw)
    mirror.mirror_one(raw)


def flip(namespace_id: str, *, expected: str, **values: Any) -> Raw | None:
    """Give `clone_status` and other keys new values while it still is `expected`.

    A value of None removes its key. Returns the new document, None if it moved on.
    """
    for _ in range(_TRIES):
        raw = store.get(namespace_id)
        if raw is None or raw.get("clone_status") != expected:
            return None
        after = {**raw, **{k: v for k, v in values.items() if v is not None}}
        for key in (k for k, v in values.items() if v is None):
            after.pop(key, None)
        after["revision"] = int(raw.get("revision") or 0) + 1
        after["observed_revision"] = after["revision"]
        if store.replace(raw, after):
            mirror.mirror_one(after)
            return after
    raise Unavailable("The namespace changes too fast to record its state.")


def ready(namespace_id: str) -> Raw | None:
    """Show a clone's target as ready; only after its proof."""
    return flip(namespace_id, expected="cloning", clone_status="ready")


def fail(namespace_id: str, error: str) -> Raw | None:
    """Show a clone's target as failed, with the reason kept beside it."""
    return flip(
        namespace_id,
        expected="cloning",
        clone_status="failed",
        clone_error=error[:1000],
    )


def resume(namespace_id: str) -> Raw | None:
    """Show a failed clone's target as being cloned again."""
    return flip(
        namespace_id, expected="failed", clone_status="cloning", clone_error=None
    )


def remove(namespace_id: str) -> bool:
    """Delete a namespace's document, last of all that belongs to it."""
    raw = store.get(namespace_id)
    gone = raw is None or store.delete(
        namespace_id, revision=int(raw.get("revision") or 0)
    )
    if gone:
        mirror.forget(namespace_id)
    return gone
