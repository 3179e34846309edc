"""Requests that end a namespace, now or at a time; they have no patch."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.organization.second_person import Approval, Guarded
from nsadmin.access.permissions import Action
from nsadmin.errors import Invalid
from nsadmin.namespaces.change import blockers
from nsadmin.namespaces.change.commit import Outcome, Preview
from nsadmin.namespaces.lifecycle import expiry, tombstones
from nsadmin.namespaces.plan.plan import Plan
from nsadmin.namespaces.plan.revert import Revert
from nsadmin.namespaces.plan.steps.endings import DeleteNamespace, SetExpiry
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.schema.document import Namespace


@dataclass(frozen=True, slots=True)
class ExpiryChange:
    """The request to set the expiry; None removes it.

    `revert` is the request that it answers, if it reverts an earlier change.
    """

    end: datetime | None
    revert: Revert | None = None

    @property
    def action(self) -> Action:
        """The permission; an earlier expiry needs that to delete in addition."""
        return Action.NAMESPACE_UPDATE

    def preview(self, actor: Actor, namespace_id: str) -> Preview:
        """Return the plan; raise Invalid for a time that is not in the future."""
        view = queries.get_stored(actor, namespace_id, action=self.action)
        blockers.require_not_deleting(view.namespace)
        soonest = timezone.now() + timedelta(seconds=expiry.SHORTEST_S)
        if self.end is not None and self.end < soonest:
            raise Invalid.at(
                "expires_at", "The planned expiry has passed. Set another."
            )
        if self.guard(view.namespace) is not None:
            expiry.require_delete_permission(actor)
        return Preview(view, self._plan(view.namespace), qdrant_silent=False)

    def _plan(self, namespace: Namespace) -> Plan:
        if self.revert is not None:
            return self.revert.plan(namespace, None)
        days = settings.NSADMIN_TOMBSTONE_DAYS
        step = SetExpiry.of(namespace, self.end, days=days)
        return Plan.of(namespace, [step] if step.before != step.after else [])

    def guard(self, namespace: Namespace) -> Guarded | None:
        """Return the kind of change for which a second person may be required."""
        return Guarded.DELETE if SetExpiry.of(namespace, self.end).is_sooner else None

    def carry_out(
        self,
        actor: Actor,
        namespace_id: str,
        *,
        digest: str,
        op_id: str,
        approval: Approval | None,
    ) -> Outcome:
        """Set the expiry; raise PlanChanged for another plan than that of `digest`."""
        shown = self.preview(actor, namespace_id)
        shown.plan.require_digest(digest)
        view = expiry.extend(
            actor,
            namespace_id,
            self.end,
            op_id=op_id,
            approval=approval,
            reverts=self.revert.reverts if self.revert else "",
        )
        return Outcome(view, shown.plan, op_id, converged=True)


@dataclass(frozen=True, slots=True)
class Deletion:
    """The request to delete a namespace, restorably."""

    @property
    def action(self) -> Action:
        """The permission."""
        return Action.NAMESPACE_DELETE

    def preview(self, actor: Actor, namespace_id: str) -> Preview:
        """Return the plan; raise Conflict for a namespace that cannot be deleted."""
        view = queries.get_stored(actor, namespace_id, action=self.action)
        blockers.require_not_deleting(view.namespace)
        blockers.require_unprotected(view.namespace)
        blockers.require_unused(actor, view.namespace)
        return Preview(view, self._plan(view.namespace), qdrant_silent=False)

    def _plan(self, namespace: Namespace) -> Plan:
        days = settings.NSADMIN_TOMBSTONE_DAYS
        return Plan.of(namespace, [DeleteNamespace(namespace.label, days)])

    def guard(self, _namespace: Namespace) -> Guarded | None:
        """Return the kind of change for which a second person may be required."""
        return Guarded.DELETE

    def carry_out(
        self,
        actor: Actor,
        namespace_id: str,
        *,
        digest: str,
        op_id: str,
        approval: Approval | None,
    ) -> Outcome:
        """Delete it; raise PlanChanged if its name is another than was shown."""

        def only_if(namespace: Namespace) -> None:
            self._plan(namespace).require_digest(digest)

        shown = self.preview(actor, namespace_id)
        view = tombstones.soft_delete(
            actor, namespace_id, only_if=only_if, op_id=op_id, approval=approval
        )
        return Outcome(view, shown.plan, op_id, converged=True)
